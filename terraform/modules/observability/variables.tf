variable "name" {
  description = "Prefix of every name."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 characters: lower case letters, digits and hyphens, with a letter first and no hyphen last."
  }
}

variable "tags" {
  description = "Tags of everything that takes them. The tag Module is added."
  type        = map(string)
  default     = {}
}

variable "messaging_key_arn" {
  description = "ARN of the KMS key of the topic. Its policy must let CloudWatch, EventBridge and Budgets use it."
  type        = string
}

variable "state_machine_arn" {
  description = "ARN of the state machine of runs."
  type        = string
}

variable "state_machine_name" {
  description = "Name of the state machine of runs."
  type        = string
}

variable "starter_arn" {
  description = "ARN of the starter's state machine."
  type        = string
}

variable "cluster_name" {
  description = "Name of the ECS cluster that the tasks run on."
  type        = string
}

variable "event_bus_name" {
  description = "Name of the event bus that runs end on and that events of Step Functions are forwarded to."
  type        = string
}

variable "event_rules" {
  description = "Further EventBridge rules to watch: the name of a rule to the name of its bus, \"default\" for the default bus. The rules of this module are watched in any case."
  type        = map(string)
  default     = {}
}

variable "dead_letter_queue_name" {
  description = "Name of the queue of failed runs and chunks."
  type        = string
}

variable "undelivered_queue_name" {
  description = "Name of the queue of events and starts that led nowhere. Messages of this module's rules that nobody took go there too."
  type        = string
}

variable "run_events_queue_name" {
  description = "Name of the queue of run events, for consumers."
  type        = string
}

variable "run_events_are_read" {
  description = "Whether somebody reads the queue of run events: then an old message in it is an alarm. Without a reader every message grows old, and nothing is wrong."
  type        = bool
  default     = false
}

variable "metrics_namespace" {
  description = "CloudWatch namespace that the tasks write their metrics to."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_./#-]{1,255}$", var.metrics_namespace)) && !startswith(var.metrics_namespace, "AWS/")
    error_message = "metrics_namespace must be 1 to 255 letters, digits and any of _ . / # -, and not begin with AWS/, which is AWS's own."
  }
}

variable "log_group_names" {
  description = "Name of each stage's log group."
  type        = map(string)

  validation {
    condition     = toset(keys(var.log_group_names)) == toset(["preflight", "prepare", "compare", "plan", "advance", "upload", "report"])
    error_message = "log_group_names must have the keys preflight, prepare, compare, plan, advance, upload, report and no other."
  }
}

variable "tenants" {
  description = "The tenants to watch. With no_success_hours set, it is an alarm when no run of the tenant ended well for that long: 25 suits a daily schedule."
  type = map(object({
    no_success_hours = optional(number)
  }))
  default = {}

  validation {
    condition     = alltrue([for tenant in keys(var.tenants) : can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", tenant))])
    error_message = "tenants must have names of 1 to 40 lower case letters, digits and hyphens, without a hyphen at either end."
  }

  # CloudWatch lets an alarm look back for seven days at the most.
  validation {
    condition = alltrue([for t in values(var.tenants) : t.no_success_hours == null ? true : (
      t.no_success_hours >= 1 && t.no_success_hours <= 168 && floor(t.no_success_hours) == t.no_success_hours
    )])
    error_message = "no_success_hours must be a whole number from 1 to 168: CloudWatch looks back for seven days at the most. Leave it out for tenants that run less often."
  }
}

variable "invalid_ratio" {
  description = "Share of quarantined rows, of those that may be used, above which it is an alarm. An audience's limits.max_invalid_ratio, which stops a run, is another number: below it the run goes on and somebody should know."
  type        = number
  default     = 0.2

  validation {
    condition     = var.invalid_ratio > 0 && var.invalid_ratio < 1
    error_message = "invalid_ratio must be more than 0 and less than 1, such as 0.2 for a fifth of the rows."
  }
}

variable "token_days" {
  description = "Days before the end of Meta's token from which it is an alarm. Tokens that never end have none."
  type        = number
  default     = 14

  validation {
    condition     = var.token_days >= 1 && var.token_days <= 60
    error_message = "token_days must be 1 to 60: Meta's long-lived tokens live for 60 days."
  }
}

variable "oldest_message_hours" {
  description = "Hours after which a message that nobody took out of a queue is an alarm. Queues keep messages for 14 days."
  type        = number
  default     = 24

  validation {
    condition     = var.oldest_message_hours >= 1 && var.oldest_message_hours <= 312
    error_message = "oldest_message_hours must be 1 to 312: after 13 days there must still be a day to look at the message before SQS drops it."
  }
}

variable "emails" {
  description = "E-mail addresses that alarms and failed runs are sent to. AWS asks each for a confirmation first."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "emails must be addresses such as oncall@example.com."
  }
}

variable "runbook_url" {
  description = "Where people read docs/runbook.md, without an anchor. Alarms link its sections."
  type        = string
  default     = "https://github.com/cleanreach/cleanreach/blob/main/docs/runbook.md"

  validation {
    condition     = can(regex("^https://[^\\s#]{1,200}$", var.runbook_url))
    error_message = "runbook_url must be an https:// URL of at most 200 characters without an anchor."
  }
}

variable "stage_sizes" {
  description = "CPU units and MiB of memory of each stage's task, to estimate what they cost. Those of the module tasks by default."
  type        = map(object({ cpu = number, memory = number }))
  default = {
    preflight = { cpu = 256, memory = 512 }
    prepare   = { cpu = 1024, memory = 2048 }
    compare   = { cpu = 1024, memory = 2048 }
    plan      = { cpu = 256, memory = 512 }
    advance   = { cpu = 256, memory = 512 }
    upload    = { cpu = 256, memory = 512 }
    report    = { cpu = 256, memory = 512 }
  }

  validation {
    condition     = toset(keys(var.stage_sizes)) == toset(["preflight", "prepare", "compare", "plan", "advance", "upload", "report"])
    error_message = "stage_sizes must have the keys preflight, prepare, compare, plan, advance, upload, report and no other."
  }
}

variable "prices" {
  description = "Prices in USD to estimate with: an hour of a vCPU and of a GB of memory (the defaults: Fargate, Linux, ARM64, on demand, us-east-1), and a GB to the internet through a NAT gateway."
  type = object({
    vcpu_hour = optional(number, 0.03238)
    gb_hour   = optional(number, 0.00356)
    egress_gb = optional(number, 0.135)
  })
  default = {}

  validation {
    condition     = alltrue([for price in values(var.prices) : price >= 0])
    error_message = "prices must not be negative."
  }
}
