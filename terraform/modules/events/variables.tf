variable "name" {
  description = "Prefix of everything that is made."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "raw_bucket" {
  description = "Name of the bucket that markers are put into. It must send its events to EventBridge."
  type        = string
}

variable "work_bucket" {
  description = "Name of the bucket that has the audience definitions, at audiences/<tenant>/<audience>.json."
  type        = string
}

variable "work_bucket_arn" {
  description = "ARN of the work bucket."
  type        = string
}

variable "data_key_arn" {
  description = "ARN of the KMS key of the work bucket."
  type        = string
}

variable "messaging_key_arn" {
  description = "ARN of the KMS key for the bus, the queues, the schedules and the starter's history. Its policy must let EventBridge, Scheduler and the delivery of logs use it, as that of the module keys does."
  type        = string
}

variable "logs_key_arn" {
  description = "ARN of the KMS key for log groups."
  type        = string
}

variable "state_machine_arn" {
  description = "ARN of the state machine that runs an audience. It is built from the name where the state machine needs this module's bus."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[A-Za-z0-9_-]{1,80}$", var.state_machine_arn))
    error_message = "state_machine_arn must be the ARN of a state machine, without a version or an alias: a run's name must be unique among all executions."
  }
}

variable "state_machine_name" {
  description = "Name of that state machine."
  type        = string
}

variable "cluster_arn" {
  description = "ARN of the ECS cluster whose stopped tasks are kept in the archive. ECS itself forgets them after an hour."
  type        = string
}

variable "archive_retention_days" {
  description = "Days that events can be replayed, 1 to 3650. Beyond 90 a replay can start a run again: Step Functions then takes its name once more."
  type        = number
  default     = 90

  validation {
    condition     = var.archive_retention_days >= 1 && var.archive_retention_days <= 3650 && floor(var.archive_retention_days) == var.archive_retention_days
    error_message = "archive_retention_days must be a whole number from 1 to 3650."
  }
}

variable "log_retention_days" {
  description = "Days that the starter's log is kept: one of the numbers that CloudWatch Logs knows."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "schedules" {
  description = <<-EOT
    When which audience runs, by "<tenant>/<audience>":
    - expression: rate(1 day), cron(0 5 ? * MON-FRI *) or at(2026-12-01T05:00:00).
    - timezone: of cron and at, such as Europe/Berlin. Daylight saving time is followed.
    - enabled: false keeps the schedule and starts nothing.
    - window_minutes: start at any time within so many minutes, 0 to 1440, so that many audiences do not start at once.
  EOT
  type = map(object({
    tenant         = string
    audience       = string
    expression     = string
    timezone       = optional(string, "UTC")
    enabled        = optional(bool, true)
    window_minutes = optional(number, 0)
  }))
  default = {}

  validation {
    condition     = alltrue([for s in var.schedules : alltrue([for name in [s.tenant, s.audience] : can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", name))])])
    error_message = "The tenant and the audience of a schedule must have 1 to 40 lower case letters, digits and hyphens, and neither begin nor end with a hyphen: ${join(", ", [for key, s in var.schedules : key if !alltrue([for name in [s.tenant, s.audience] : can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", name))])])}."
  }

  validation {
    condition     = alltrue([for key, s in var.schedules : key == "${s.tenant}/${s.audience}"])
    error_message = "The key of a schedule must be \"<tenant>/<audience>\" of itself: ${join(", ", [for key, s in var.schedules : key if key != "${s.tenant}/${s.audience}"])}."
  }

  # Of cron's two fields for days one is "?", and only one. The numbers within the fields are left to Scheduler: it refuses
  # them at apply.
  validation {
    condition     = alltrue([for s in var.schedules : can(regex("^(rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)|cron\\([0-9*,/-]+ [0-9*,/-]+ (\\? [0-9A-Z*,/-]+ [0-9A-Z*,/#L-]+|[0-9*,/LW-]+ [0-9A-Z*,/-]+ \\?) [0-9*,/-]+\\)|at\\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\))$", s.expression))])
    error_message = "The expression of a schedule must be rate(<number> minutes|hours|days) (rate(1 hour) for one), cron(<minutes> <hours> <day of month> <month> <day of week> <year>) with a ? for one of the two days, or at(<yyyy-mm-dd>T<hh:mm:ss>). These are: ${join("; ", [for key, s in var.schedules : "${key} ${s.expression}"])}."
  }

  validation {
    condition     = alltrue([for s in var.schedules : can(regex("^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2})$", s.timezone))])
    error_message = "The timezone of a schedule must be UTC or a name of the IANA time zone database, such as Europe/Berlin: ${join(", ", [for key, s in var.schedules : "${key} ${s.timezone}"])}."
  }

  validation {
    condition     = alltrue([for s in var.schedules : s.window_minutes >= 0 && s.window_minutes <= 1440 && floor(s.window_minutes) == s.window_minutes])
    error_message = "window_minutes of a schedule must be a whole number from 0 to 1440: ${join(", ", [for key, s in var.schedules : "${key} ${s.window_minutes}"])}."
  }
}

variable "tags" {
  description = "Tags for everything that takes them. The tag Module is added, and Tenant where a thing is one tenant's."
  type        = map(string)
  default     = {}
}
