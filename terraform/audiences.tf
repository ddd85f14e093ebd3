# From var.audiences to the documents that runs read, and to what other modules make of each audience. Whether they are as
# they should be is asked in audiences_check.tf.

locals {
  # By "<tenant>/<name>". Of two that are called the same the first: the check refuses them.
  audiences = { for key, same in local.labelled : key => same[0] }
  labelled  = { for label, a in var.audiences : "${a.tenant}/${coalesce(a.name, label)}" => merge(a, { name = coalesce(a.name, label), label = label })... }

  # Ids of what is not made yet are known only at apply, and the audiences are to be judged at plan: until then others of
  # the same form stand in their place.
  memberships = { for name in keys(var.collaborations) : name => uuidv5("url", "cleanreach:collaboration/${name}") }
  templates = {
    for name, c in var.collaborations : name => {
      for template in keys(c.templates) : template =>
      "arn:${local.partition}:cleanrooms:${local.region}:${local.account}:membership/${local.memberships[name]}/analysistemplate/${uuidv5("url", "cleanreach:template/${name}/${template}")}"
    }
  }

  drafts = {
    for key, a in local.audiences : key => {
      schema = a.schema
      tenant = a.tenant
      name   = a.name
      source = merge(a.source, {
        path = coalesce(a.source.path, "s3://${local.raw_bucket}/${key}/")
        keep = a.source.keep == null ? null : [for kept in a.source.keep : { for k, v in kept : k => v if v != null }]
      })
      match = merge(a.match, {
        membership_id = try(local.memberships[a.collaboration], a.match.membership_id)
        template_arn  = try(local.templates[a.collaboration][a.template], a.match.template_arn)
      })
      meta = merge(a.meta, {
        secret                  = coalesce(a.meta.secret, local.secrets[a.tenant])
        data_processing_options = a.meta.data_processing_options == null ? null : { for k, v in a.meta.data_processing_options : k => v if v != null }
      })
      limits = a.limits
    }
  }

  # As the module secrets names them; of an unknown tenant too, so that the check gets that far.
  secrets = { for tenant in distinct(concat(keys(var.tenants), [for a in local.audiences : a.tenant])) : tenant => "${var.name}/${tenant}/meta" }

  # A line for each field that is given, as a person would have written it. A section has fields, or is a value itself.
  texts = {
    for key, draft in local.drafts : key => format("{\n%s\n}\n", join(",\n", [
      for section in ["schema", "tenant", "name", "source", "match", "meta", "limits"] : format("  %s: %s", jsonencode(section), try(
        format("{\n%s\n  }", join(",\n", [for field, value in draft[section] : "    ${jsonencode(field)}: ${jsonencode(value)}" if value != null])),
        jsonencode(draft[section]),
      )) if can(coalesce(draft[section])) && !(section == "limits" && alltrue([for limit in values(draft.limits) : limit == null]))
    ]))
  }

  # The stand-ins give way to what was made. A template's ARN has a membership in it, so it goes first.
  with_templates = {
    for key, a in local.audiences : key => can(local.templates[a.collaboration][a.template]) ? (
      replace(local.texts[key], local.templates[a.collaboration][a.template], module.cleanroom[a.collaboration].template_arns[a.template])
    ) : local.texts[key]
  }
  documents = {
    for key, a in local.audiences : key => can(local.memberships[a.collaboration]) ? (
      replace(local.with_templates[key], local.memberships[a.collaboration], module.cleanroom[a.collaboration].membership_id)
    ) : local.with_templates[key]
  }
}

resource "aws_s3_object" "audience" {
  for_each = local.documents

  bucket       = module.storage.work_bucket
  key          = "audiences/${each.key}.json"
  content      = each.value
  content_type = "application/json"
  kms_key_id   = module.keys.data_key_arn
  tags         = { Module = "audiences", Tenant = local.audiences[each.key].tenant, Audience = local.audiences[each.key].name }

  # S3 takes ten tags of an object, and the provider's default ones may be more.
  override_provider {
    default_tags {
      tags = {}
    }
  }

  depends_on = [terraform_data.audiences]
}

locals {
  tables = {
    for key, a in local.audiences : key => {
      tenant   = a.tenant
      audience = a.name
      name     = module.audience.table_names[key]
      # A definition that is refused has no columns, and a table without columns, or hashes, would be refused too, in words
      # that do not help: one refusal is enough.
      columns = length(module.audience.columns[key]) > 0 ? module.audience.columns[key] : [{ name = "refused_sha256", type = "string" }]
    }
  }

  # Before there is an image every run would end at its first task.
  schedules = {
    for key, a in local.audiences : key => merge(a.schedule, { tenant = a.tenant, audience = a.name, enabled = a.schedule.enabled && var.image_digest != null })
    if a.schedule != null
  }

  # What has another form than the schema says is refused, and no policy is to be made of it.
  definition_schema = jsondecode(file("${path.module}/../internal/audience/definition.schema.json")).properties
  glue_jobs = sort(distinct([
    for a in local.audiences : a.source.glue_job if can(regex(local.definition_schema.source.properties.glue_job.pattern, a.source.glue_job))
  ]))
  membership_ids = distinct([
    for a in local.audiences : a.match.membership_id
    if a.collaboration == null && can(regex(local.definition_schema.match.properties.membership_id.pattern, a.match.membership_id))
  ])

  # Those that are made here, and those that audiences name.
  membership_arns = concat(
    [for name, c in module.cleanroom : c.membership_arn],
    [for id in local.membership_ids : "arn:${local.partition}:cleanrooms:${local.region}:${local.account}:membership/${id}"],
  )
}
