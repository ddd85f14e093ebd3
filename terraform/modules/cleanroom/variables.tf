variable "name" {
  description = "Prefix of everything that is made."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "tenant" {
  description = "Whose collaboration it is."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", var.tenant))
    error_message = "tenant must have 1 to 40 lower case letters, digits and hyphens, and neither begin nor end with a hyphen."
  }
}

variable "collaboration" {
  description = <<-EOT
    The collaboration.
    - name: a short name, unique for the tenant, such as the partner's.
    - description: what it is for. Both sides see it.
    - display_name, partner_name: what the two sides are called in it.
    - partner_account_id: the partner's AWS account.
    - collaboration_id: of a collaboration that the partner has made and invited this account to, with the abilities to query
      and to receive results. Without it the collaboration is made here, and the partner is invited.
    - partner_membership_id: of the partner's membership, once the partner has joined: lets the partner's side see the columns
      of our tables.
    - partner_pays: the partner pays for queries. Default: this account does. In a collaboration of the partner's it must be
      what the partner has set.
    - query_logs: both sides get a log of the queries in CloudWatch, their text and parameters included.
    The abilities, the payer, the partner and query_logs are set for good when the collaboration is made.
  EOT
  type = object({
    name                  = string
    description           = optional(string, "People whom both sides know")
    display_name          = string
    partner_name          = string
    partner_account_id    = string
    collaboration_id      = optional(string)
    partner_membership_id = optional(string)
    partner_pays          = optional(bool, false)
    query_logs            = optional(bool, true)
  })

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", var.collaboration.name))
    error_message = "collaboration.name must have 1 to 40 lower case letters, digits and hyphens, and neither begin nor end with a hyphen."
  }

  validation {
    condition     = can(regex("^[0-9]{12}$", var.collaboration.partner_account_id))
    error_message = "collaboration.partner_account_id must be an AWS account number of 12 digits."
  }

  validation {
    condition = alltrue([for id in [var.collaboration.collaboration_id, var.collaboration.partner_membership_id] :
      id == null || can(regex("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", id))
    ])
    error_message = "collaboration.collaboration_id and collaboration.partner_membership_id must be ids such as 1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01 (no ARNs)."
  }

  validation {
    condition     = alltrue([for text in [var.collaboration.display_name, var.collaboration.partner_name] : length(trimspace(text)) > 0 && length(text) <= 100])
    error_message = "collaboration.display_name and collaboration.partner_name must have 1 to 100 characters."
  }

  validation {
    condition     = length(trimspace(var.collaboration.description)) > 0 && length(var.collaboration.description) <= 255
    error_message = "collaboration.description must have 1 to 255 characters."
  }
}

variable "tables" {
  description = <<-EOT
    The tables that take part, by "<tenant>/<audience>": those of the catalog module.
    - association_name: the table's name in queries. Default: the Glue table's.
    - join_columns: what a LIST rule lets queries match by. Default: every column of hashes (…_sha256). All other columns can be
      put out, and a column that is matched by cannot.
  EOT
  type = map(object({
    tenant           = string
    audience         = string
    name             = string
    columns          = list(object({ name = string }))
    association_name = optional(string)
    join_columns     = optional(list(string))
  }))
  default = {}

  validation {
    condition     = alltrue([for key, t in var.tables : t.tenant == var.tenant && key == "${t.tenant}/${t.audience}"])
    error_message = "tables must be of the tenant whose collaboration it is, and have \"<tenant>/<audience>\" as the key: a partner of one tenant must not meet another's customers."
  }

  validation {
    condition     = length(var.tables) <= 25
    error_message = "tables: a membership takes 25 tables, here are ${length(var.tables)}: make another collaboration."
  }

  validation {
    condition     = length(distinct([for t in var.tables : coalesce(t.association_name, t.name)])) == length(var.tables)
    error_message = "tables must have an association_name each, no two the same."
  }

  validation {
    condition     = alltrue([for t in var.tables : alltrue([for c in coalesce(t.join_columns, []) : contains(t.columns[*].name, c)])])
    error_message = "tables: join_columns must be of the table's columns."
  }

  validation {
    condition     = var.analysis_rule.type != "LIST" || alltrue([for t in var.tables : t.join_columns != null || anytrue([for c in t.columns : endswith(c.name, "_sha256")])])
    error_message = "tables: ${join(", ", [for key, t in var.tables : key if t.join_columns == null && !anytrue([for c in t.columns : endswith(c.name, "_sha256")])])} has no column of hashes: say in join_columns what to match by."
  }
}

variable "analysis_rule" {
  description = <<-EOT
    What queries may do with our tables.
    - type: LIST (the rows that match, by SELECT DISTINCT and equality joins; no templates) or CUSTOM (the templates below).
    - any_query: of CUSTOM: besides templates, this account may run queries of any form.
  EOT
  type = object({
    type      = optional(string, "LIST")
    any_query = optional(bool, false)
  })
  default = {}

  validation {
    condition     = contains(["LIST", "CUSTOM"], var.analysis_rule.type)
    error_message = "analysis_rule.type must be LIST or CUSTOM."
  }

  validation {
    condition     = var.analysis_rule.type != "CUSTOM" || var.analysis_rule.any_query || length(var.templates) > 0
    error_message = "analysis_rule: a CUSTOM rule needs templates, or any_query = true."
  }

  validation {
    condition     = var.analysis_rule.type == "CUSTOM" || !var.analysis_rule.any_query
    error_message = "analysis_rule.any_query must be left out with a LIST rule."
  }
}

variable "templates" {
  description = <<-EOT
    Analysis templates by name: queries that the partner reads and then allows in the rule of its table. A template cannot be
    changed: another text is another template with another ARN, which the partner must allow anew. So give it a new name, and
    take the old one away when nothing uses it any more.
    - sql: the query. A parameter is written :name.
    - parameters: their values come with each query. Both sides' logs show them: never personal data.
  EOT
  type = map(object({
    description = optional(string, "")
    sql         = string
    parameters = optional(list(object({
      name          = string
      type          = string
      default_value = optional(string)
    })), [])
  }))
  default = {}

  validation {
    condition     = length(var.templates) <= 25
    error_message = "templates: a membership takes 25, here are ${length(var.templates)}."
  }

  validation {
    condition     = alltrue([for name, t in var.templates : can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,39}$", name))])
    error_message = "templates must be named by 1 to 40 letters, digits and underscores, a letter first."
  }

  validation {
    condition     = alltrue([for t in var.templates : length(trimspace(t.sql)) > 0 && length(t.description) <= 255 && length(t.parameters) <= 50])
    error_message = "templates must each have sql, a description of 255 characters at most, and 50 parameters at most."
  }

  validation {
    condition     = alltrue(flatten([for t in var.templates : [for p in t.parameters : can(regex("^[0-9a-zA-Z_]{1,100}$", p.name)) && can(regex(":${p.name}\\b", t.sql))]]))
    error_message = "templates: a parameter must be named by letters, digits and underscores, and be in the sql as :name."
  }

  validation {
    condition = alltrue(flatten([for t in var.templates : [for p in t.parameters : contains([
      "BIGINT", "BOOLEAN", "CHAR", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "INTEGER", "STRING", "TIMESTAMP", "VARCHAR",
    ], p.type)]]))
    error_message = "templates: a parameter's type must be BIGINT, BOOLEAN, CHAR, DATE, DECIMAL, DOUBLE, FLOAT, INT, INTEGER, STRING, TIMESTAMP or VARCHAR."
  }
}

variable "database_name" {
  description = "Glue database of the tables."
  type        = string
}

variable "work_bucket_arn" {
  description = "ARN of the bucket that prepared files lie in."
  type        = string
}

variable "data_key_arn" {
  description = "ARN of the KMS key that encrypts them."
  type        = string
}

variable "further_key_arns" {
  description = "ARNs of further KMS keys that reading a table takes: the Data Catalog's, where the account has its encryption on."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags for everything that takes them. The tags Module and Tenant are added."
  type        = map(string)
  default     = {}
}
