variable "name" {
  description = "Prefix of everything that is made. The database has its name, with underscores for hyphens."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "work_bucket" {
  description = "Name of the bucket that prepared files lie in."
  type        = string
}

variable "tables" {
  description = "Prepared tables by \"<tenant>/<audience>\": table name and columns, as internal/audience and internal/prepare make them of the definition."
  type = map(object({
    tenant   = string
    audience = string
    name     = string
    columns  = list(object({ name = string, type = string }))
  }))
  default = {}

  validation {
    condition     = alltrue([for key, t in var.tables : key == "${t.tenant}/${t.audience}"])
    error_message = "tables must have \"<tenant>/<audience>\" as the key of each table: ${join(", ", [for key, t in var.tables : "${key} is of ${t.tenant}/${t.audience}" if key != "${t.tenant}/${t.audience}"])}."
  }

  # A run switches the table of that name: another would stay empty for ever.
  validation {
    condition     = alltrue([for t in var.tables : t.name == "${replace(t.tenant, "-", "__")}_${replace(t.audience, "-", "_")}"])
    error_message = "tables must be named <tenant>_<audience>, with two underscores for a tenant's hyphen and one for an audience's: ${join(", ", [for key, t in var.tables : "${key} is not ${t.name}" if t.name != "${replace(t.tenant, "-", "__")}_${replace(t.audience, "-", "_")}"])}."
  }

  validation {
    condition     = alltrue(flatten([for t in var.tables : [for c in t.columns : can(regex("^[a-z0-9_]{1,128}$", c.name))]]))
    error_message = "tables must have columns named by lower case letters, digits and underscores, 128 at most."
  }

  validation {
    condition     = alltrue(flatten([for t in var.tables : [for c in t.columns : contains(["string", "bigint", "double", "boolean", "date", "timestamp"], c.type)]]))
    error_message = "tables must have columns of a type that preparing writes: string, bigint, double, boolean, date or timestamp."
  }

  validation {
    condition     = alltrue([for t in var.tables : length(t.columns) > 0 && length(distinct(t.columns[*].name)) == length(t.columns)])
    error_message = "tables must each have a column, and no two of one name."
  }
}

variable "tags" {
  description = "Tags for everything that takes them. The tag Module is added."
  type        = map(string)
  default     = {}
}
