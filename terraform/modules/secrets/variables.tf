variable "name" {
  description = "Prefix of everything that is made."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "tenants" {
  description = "Tenants, each of which has a secret `<name>/<tenant>/meta`."
  type        = set(string)

  validation {
    condition     = alltrue([for tenant in var.tenants : can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", tenant))])
    error_message = "a tenant must have 1 to 40 lower case letters, digits and hyphens, and neither begin nor end with a hyphen."
  }
}

variable "reader_role_arns" {
  description = "Roles that read the values: those of the tasks preflight, advance, upload and report. Nobody else does, administrators included. The roles need not exist yet."
  type        = list(string)

  validation {
    condition     = length(var.reader_role_arns) > 0
    error_message = "reader_role_arns must name at least one role: a secret that nobody can read is of no use."
  }

  validation {
    condition     = alltrue([for arn in var.reader_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*?]+$", arn))])
    error_message = "each of reader_role_arns must be the ARN of a role (arn:…:iam::<account>:role/<name>), without wildcards."
  }
}

variable "recovery_window_in_days" {
  description = "Days that a deleted secret can be recovered, 7 to 30, during which its name stays taken; or 0 to delete it at once."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_in_days == 0 || contains(range(7, 31), var.recovery_window_in_days)
    error_message = "recovery_window_in_days must be 0 or a whole number from 7 to 30."
  }
}

variable "tags" {
  description = "Tags for everything that takes them. The tag Module is added, and Tenant to secrets."
  type        = map(string)
  default     = {}
}
