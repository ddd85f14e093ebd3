variable "name" {
  description = "Name of the role, the stack and the configured table."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,63}$", var.name))
    error_message = "name must have 1 to 64 letters, digits and hyphens, and begin with a letter."
  }
}

variable "description" {
  description = "What the table holds. Both sides see it."
  type        = string

  validation {
    condition     = length(var.description) <= 255
    error_message = "description must have 255 characters at most."
  }
}

variable "membership_id" {
  description = "Id of this account's membership in the collaboration."
  type        = string
}

variable "runner_membership_id" {
  description = "Id of the membership that runs queries."
  type        = string
}

variable "memberships" {
  description = "The memberships that may see what the table is (its columns, not its rows): account by membership id. Clean Rooms wants all of the collaboration."
  type        = map(string)
}

variable "association_name" {
  description = "The table's name in queries."
  type        = string

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,127}$", var.association_name))
    error_message = "association_name must have 1 to 128 lower case letters, digits and underscores, and not begin with a digit: then a query needs no quotes."
  }
}

variable "database_name" {
  description = "Glue database of the table."
  type        = string
}

variable "table_name" {
  description = "Glue table."
  type        = string
}

variable "columns" {
  description = "Columns that take part under a CUSTOM rule. Under a LIST rule they are those of the rule."
  type        = list(string)
  default     = []
}

variable "rule" {
  description = <<-EOT
    What queries may do with the table.
    - type: LIST (rows that match, by SELECT DISTINCT and equality joins only) or CUSTOM (reviewed templates only).
    - join_columns, list_columns: of LIST; a column is one or the other.
    - join_operators: of LIST: by which join conditions may be combined.
    - allowed_analyses: of CUSTOM: ARNs of analysis templates, or ANY_QUERY.
    - analysis_providers: of CUSTOM with ANY_QUERY: accounts whose queries may run.
    - disallowed_output_columns: of CUSTOM: columns that no query may give out.
  EOT
  type = object({
    type                      = string
    join_columns              = optional(list(string), [])
    list_columns              = optional(list(string), [])
    join_operators            = optional(list(string), ["AND", "OR"])
    allowed_analyses          = optional(list(string), [])
    analysis_providers        = optional(list(string), [])
    disallowed_output_columns = optional(list(string), [])
  })

  validation {
    condition     = contains(["LIST", "CUSTOM"], var.rule.type)
    error_message = "rule.type must be LIST or CUSTOM: an AGGREGATION rule gives out no rows, so nobody could be sent to Meta."
  }

  validation {
    condition     = var.rule.type != "LIST" || length(var.rule.join_columns) > 0
    error_message = "rule.join_columns must name at least one column to match by: the collaboration's tables have no other way to find the same people."
  }

  validation {
    condition     = length(setintersection(var.rule.join_columns, var.rule.list_columns)) == 0
    error_message = "rule: a column is either in join_columns or in list_columns; in both are ${join(", ", setintersection(var.rule.join_columns, var.rule.list_columns))}. A LIST rule gives out no column that it joins on."
  }

  validation {
    condition     = alltrue([for o in var.rule.join_operators : contains(["AND", "OR"], o)])
    error_message = "rule.join_operators must be of AND and OR."
  }

  validation {
    condition     = var.rule.type != "CUSTOM" || length(var.rule.allowed_analyses) > 0
    error_message = "rule.allowed_analyses must name the analysis templates that may run, or ANY_QUERY."
  }

  validation {
    condition     = contains(var.rule.allowed_analyses, "ANY_QUERY") == (length(var.rule.analysis_providers) > 0)
    error_message = "rule.analysis_providers must name the accounts whose queries may run if ANY_QUERY is allowed, and only then."
  }

  validation {
    condition     = alltrue([for c in concat(var.columns, var.rule.join_columns, var.rule.list_columns) : can(regex("^[a-z0-9_]{1,127}$", c))])
    error_message = "rule: columns must be named by lower case letters, digits and underscores, 127 at most."
  }

  validation {
    condition     = length(var.rule.type == "LIST" ? concat(var.rule.join_columns, var.rule.list_columns) : var.columns) <= 100
    error_message = "rule: Clean Rooms takes 100 columns of a table: name fewer."
  }

  validation {
    condition     = var.rule.type == "LIST" || length(var.columns) > 0
    error_message = "columns must name those that take part under a CUSTOM rule."
  }

  validation {
    condition     = length(setsubtract(var.rule.disallowed_output_columns, var.columns)) == 0
    error_message = "rule.disallowed_output_columns must be of columns: ${join(", ", setsubtract(var.rule.disallowed_output_columns, var.columns))} are not."
  }
}

variable "result_receivers" {
  description = "Accounts that may get the rows of a query over this table."
  type        = list(string)

  validation {
    condition     = length(var.result_receivers) > 0 && alltrue([for a in var.result_receivers : can(regex("^[0-9]{12}$", a))])
    error_message = "result_receivers must be account numbers of 12 digits, at least one: without a receiver no query over the table can run."
  }
}

variable "bucket_arn" {
  description = "ARN of the bucket that the table's files lie in."
  type        = string
}

variable "object_keys" {
  description = "Keys of the table's files, with * for anything: runs/acme/vip/*/prepared/*."
  type        = list(string)
}

variable "key_arns" {
  description = "ARNs of the KMS keys that encrypt the files, and the Data Catalog if the account has that on."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags for the role, the stack and what it makes."
  type        = map(string)
  default     = {}
}
