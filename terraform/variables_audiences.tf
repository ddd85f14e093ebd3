# The fields of an audience are those of internal/audience/definition.schema.json, with the same meaning, and a few that only
# a deployment has. test/variables_test.go holds the two against each other.

variable "audiences" {
  description = <<-EOT
    The audiences, by any label. Each becomes a document that runs read, a table for its prepared rows and, if it has one, a schedule.
    Fields are those of the audience definition (`cleanreach schema` prints its JSON Schema), and:
    - name: the label, if left out.
    - collaboration: one of var.collaborations, in place of match.membership_id.
    - template: one of the collaboration's templates, in place of match.template_arn.
    - schedule: when it runs. expression is rate(…), cron(…) or at(…); window_minutes spreads starts.
    - source.path: s3://<raw bucket>/<tenant>/<name>/, if left out.
    - meta.secret: <name>/<tenant>/meta, if left out. The tasks' roles can read no other.
    A misspelt optional field is no error: Terraform drops what a type does not have before anybody can look at it.
  EOT
  type = map(object({
    schema        = optional(number)
    tenant        = string
    name          = optional(string)
    collaboration = optional(string)
    template      = optional(string)
    schedule = optional(object({
      expression     = string
      timezone       = optional(string, "UTC")
      enabled        = optional(bool, true)
      window_minutes = optional(number, 0)
    }))
    source = object({
      path            = optional(string)
      format          = optional(string)
      delimiter       = optional(string)
      encoding        = optional(string)
      columns         = map(string)
      keep            = optional(list(object({ column = string, type = optional(string) })))
      default_country = optional(string)
      date_order      = optional(string)
      consent         = optional(string)
      glue_job        = optional(string)
    })
    match = optional(object({
      membership_id = optional(string)
      sql           = optional(string)
      template_arn  = optional(string)
      parameters    = optional(map(string))
      worker        = optional(object({ type = string, number = number }))
    }), {})
    meta = object({
      ad_account           = string
      audience_id          = optional(string)
      audience_name        = optional(string)
      description          = optional(string)
      mode                 = optional(string)
      secret               = optional(string)
      customer_file_source = optional(string)
      retention_days       = optional(number)
      api_version          = optional(string)
    })
    limits = optional(object({
      max_invalid_ratio         = optional(number)
      min_rows                  = optional(number)
      max_failed_chunks_percent = optional(number)
      chunk_rows                = optional(number)
      concurrency               = optional(number)
    }), {})
  }))
  default  = {}
  nullable = false

  # The other fields are judged in audiences_check.tf. Tables, tags and paths are named after these two.
  validation {
    condition = alltrue(flatten([
      for label, a in var.audiences : [for name in [a.tenant, coalesce(a.name, label)] : can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", name))]
    ]))
    error_message = "The tenant and the name of an audience must have 1 to 40 lower case letters, digits and hyphens, without a hyphen at either end. These are: ${join(", ", [for label, a in var.audiences : "${label}: ${a.tenant}/${coalesce(a.name, label)}"])}."
  }
}

variable "collaborations" {
  description = <<-EOT
    The collaborations in AWS Clean Rooms, by a short name such as the partner's; see modules/cleanroom. Each is one tenant's.
    - collaboration_id: of one that the partner made. Without it the collaboration is made here and the partner invited.
    - analysis_rule, templates: what may be asked of our tables.
    - tables: by the audience's name, how its table is called in queries (association_name) and what it is matched by (join_columns).
  EOT
  type = map(object({
    tenant                = string
    description           = optional(string, "People whom both sides know")
    display_name          = string
    partner_name          = string
    partner_account_id    = string
    collaboration_id      = optional(string)
    partner_membership_id = optional(string)
    partner_pays          = optional(bool, false)
    query_logs            = optional(bool, true)
    analysis_rule = optional(object({
      type      = optional(string, "LIST")
      any_query = optional(bool, false)
    }), {})
    templates = optional(map(object({
      description = optional(string, "")
      sql         = string
      parameters = optional(list(object({
        name          = string
        type          = string
        default_value = optional(string)
      })), [])
    })), {})
    tables = optional(map(object({
      association_name = optional(string)
      join_columns     = optional(list(string))
    })), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for c in var.collaborations : contains(keys(var.tenants), c.tenant)])
    error_message = "collaborations must each have a tenant out of tenants (${join(", ", keys(var.tenants))}): ${join(", ", [for name, c in var.collaborations : "${name} has ${c.tenant}" if !contains(keys(var.tenants), c.tenant)])}."
  }

  validation {
    condition = alltrue([for name, c in var.collaborations : length(setsubtract(keys(c.tables), [
      for label, a in var.audiences : coalesce(a.name, label) if a.collaboration == name
    ])) == 0])
    error_message = "tables of a collaboration must be named as audiences that have it as their collaboration: ${join(", ", flatten([for name, c in var.collaborations : formatlist("%s/%s", name, keys(c.tables))]))}."
  }
}
