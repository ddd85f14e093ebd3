variable "name" {
  description = "Prefix of everything that is made. Another one for each collaboration."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "collaboration_id" {
  description = "Id of the collaboration that this account is invited to."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", var.collaboration_id))
    error_message = "collaboration_id must be an id such as 7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02 (no ARN)."
  }
}

variable "runner_account_id" {
  description = "The account that runs queries and gets their rows."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.runner_account_id))
    error_message = "runner_account_id must be an AWS account number of 12 digits."
  }
}

variable "runner_membership_id" {
  description = "Id of that account's membership."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", var.runner_membership_id))
    error_message = "runner_membership_id must be an id such as 1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01 (no ARN)."
  }
}

variable "template_arns" {
  description = "ARNs of analysis templates that you have read. With them only they may run over the table; without, any query of the LIST rule's form may."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.template_arns : strcontains(arn, ":cleanrooms:") && strcontains(arn, ":${var.runner_account_id}:membership/${var.runner_membership_id}/analysistemplate/")])
    error_message = "template_arns must be ARNs of templates of the membership that runs queries (runner_account_id, runner_membership_id)."
  }
}

variable "table" {
  description = <<-EOT
    The table that takes part.
    - database_name, table_name: in this account's Glue Data Catalog, in the collaboration's region, over Parquet files.
    - association_name: its name in queries. Default: table_name.
    - match_columns: what people are found by: hashes made as README.md says. No query gives them out.
    - output_columns: what the other side gets of each person who is in both tables. Nothing, unless named here.
    - bucket_arn, object_keys: where the files lie: keys with * for anything, such as loyalty/*.
    - key_arns: KMS keys that encrypt them, and the Data Catalog if the account has that on.
  EOT
  type = object({
    database_name    = string
    table_name       = string
    association_name = optional(string)
    description      = optional(string, "People whom the partner knows")
    match_columns    = list(string)
    output_columns   = optional(list(string), [])
    bucket_arn       = string
    object_keys      = list(string)
    key_arns         = optional(list(string), [])
  })

  validation {
    condition     = length(var.table.match_columns) > 0
    error_message = "table.match_columns must name at least one column."
  }

  # The table module says it too, but under names that are not in this module's interface.
  validation {
    condition     = length(setintersection(var.table.match_columns, var.table.output_columns)) == 0
    error_message = "table: ${join(", ", setintersection(var.table.match_columns, var.table.output_columns))} cannot be both in match_columns and in output_columns: what is matched by is never given out."
  }

  validation {
    condition     = length(var.table.object_keys) > 0 && !contains(var.table.object_keys, "*")
    error_message = "table.object_keys must name where the table's files lie, not the whole bucket."
  }
}

variable "pays" {
  description = "This account pays for queries. It must be what the collaboration says."
  type        = bool
  default     = false
}

variable "query_logs" {
  description = "Log every query over the table in CloudWatch: who ran what, when. It works where the collaboration has logs on."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags for everything that takes them. The tag Module is added."
  type        = map(string)
  default     = {}
}
