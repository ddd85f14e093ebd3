# What is wrong with the audiences, all of it at once and at plan. The module audience finds what the container would find;
# here is what only this deployment knows.

module "audience" {
  source = "./modules/audience"

  documents = local.texts
}

locals {
  deployment_problems = {
    for key, a in local.audiences : key => compact([
      contains(keys(var.tenants), a.tenant) ? "" : "tenant: ${a.tenant} is not one of tenants: ${join(", ", keys(var.tenants))}",
      length(local.labelled[key]) == 1 ? "" : "name: the audiences ${join(", ", local.labelled[key][*].label)} are called the same",
      a.collaboration == null ? "" : (
        !contains(keys(var.collaborations), a.collaboration) ? "collaboration: must be one of collaborations: ${join(", ", keys(var.collaborations))}" :
        var.collaborations[a.collaboration].tenant != a.tenant ? "collaboration: ${a.collaboration} is of tenant ${var.collaborations[a.collaboration].tenant}" : ""
      ),
      a.collaboration == null || a.match.membership_id == null ? "" : "match.membership_id: is the collaboration's: leave it out, or leave collaboration out",
      a.template == null ? "" : (
        a.match.template_arn != null ? "match.template_arn: is the template's: leave it out, or leave template out" :
        can(local.templates[a.collaboration][a.template]) ? "" : "template: must be one of the collaboration's: ${try(join(", ", keys(local.templates[a.collaboration])), "but there is no collaboration")}"
      ),
      try(regex("^arn:([a-z-]+):cleanrooms:([a-z0-9-]+):", a.match.template_arn), [local.partition, local.region]) == [local.partition, local.region]
      ? "" : "match.template_arn: must be in this region, arn:${local.partition}:cleanrooms:${local.region}:…",
      coalesce(a.meta.secret, local.secrets[a.tenant]) == local.secrets[a.tenant]
      ? "" : "meta.secret: must be ${local.secrets[a.tenant]}, or be left out: the tasks can read no other, and another tenant's token is not this one's",
      contains(local.source_buckets, local.source_bucket[key]) ? "" : (
        local.source_bucket[key] == "" ? "source.path: must begin with s3:// and a bucket" :
        "source.path: prepare cannot read the bucket ${local.source_bucket[key]}: add the objects' ARNs to source_arns, or use one of ${join(", ", local.source_buckets)}"
      ),
    ])
  }

  source_bucket  = { for key, draft in local.drafts : key => try(regex("^s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/|$)", draft.source.path)[0], "") }
  source_buckets = distinct(concat([local.raw_bucket], [for arn in var.source_arns : try(regex(":::([^/]+)", arn)[0], arn)]))

  no_room = "match.membership_id: is required"

  audience_problems = flatten([
    for key, a in local.audiences : [
      for p in concat(local.deployment_problems[key], [for p in module.audience.problems[key] : replace(p, local.no_room, "${local.no_room}, unless collaboration is")]) :
      "${key}: ${p}" if a.collaboration == null || !startswith(p, local.no_room)
    ]
  ])
}

resource "terraform_data" "audiences" {
  input = keys(local.audiences)

  lifecycle {
    precondition {
      condition     = length(local.audience_problems) == 0
      error_message = "audiences have ${length(local.audience_problems)} problem(s):\n  ${join("\n  ", local.audience_problems)}"
    }
  }
}
