variable "name" {
  description = "Prefix of everything that is made."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "data_key_arn" {
  description = "ARN of the key that encrypts the raw, work and results buckets."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.data_key_arn))
    error_message = "data_key_arn must be the ARN of a key (arn:…:key/…), not of an alias: the bucket policies compare it with what writers name."
  }
}

variable "force_destroy" {
  description = "Whether destroy deletes the buckets with all that they hold. Without it, destroy stops at a bucket that is not empty."
  type        = bool
  default     = false
}

variable "retention_days" {
  description = <<-EOT
    Days that objects are kept: `raw` (everything in the raw bucket), `runs` (a run's documents and prepared files), `results` (what Clean Rooms wrote), `access_logs`;
    and `noncurrent`, how long an overwritten or deleted object can be brought back. What expires is gone only after `noncurrent` more days.
  EOT
  type = object({
    raw         = optional(number, 30)
    runs        = optional(number, 90)
    results     = optional(number, 30)
    noncurrent  = optional(number, 7)
    access_logs = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for days in values(var.retention_days) : days >= 1 && floor(days) == days])
    error_message = "each of retention_days (raw, runs, results, noncurrent, access_logs) must be a whole number of days, 1 or more."
  }
}

variable "tags" {
  description = "Tags for everything that takes them. The tag Module is added."
  type        = map(string)
  default     = {}
}
