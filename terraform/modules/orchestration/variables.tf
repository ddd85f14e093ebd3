variable "name" {
  description = "Name of the state machine, and prefix of every other name."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "tags" {
  description = "Tags for everything that takes them. The tag Module is added."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "cluster_arn" {
  description = "ARN of the ECS cluster that the tasks run on."
  type        = string
}

variable "task_definition_arns" {
  description = "ARN of each stage's task definition. Without its revision the newest is run."
  type        = object({ preflight = string, prepare = string, compare = string, plan = string, advance = string, upload = string, report = string })
}

variable "task_role_arns" {
  description = "ARN of each stage's role, which the state machine passes to ECS."
  type        = object({ preflight = string, prepare = string, compare = string, plan = string, advance = string, upload = string, report = string })
}

variable "execution_role_arn" {
  description = "ARN of the role that ECS starts the tasks with."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets that the tasks run in."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 1 && length(var.subnet_ids) <= 16
    error_message = "subnet_ids must have 1 to 16 subnets: ECS takes no more for a task."
  }
}

variable "security_group_ids" {
  description = "Security groups of the tasks."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) >= 1 && length(var.security_group_ids) <= 5
    error_message = "security_group_ids must have 1 to 5 security groups: ECS takes no more for a task, and with none it would use the VPC's default one."
  }
}

variable "work_bucket" {
  description = "Name of the bucket with definitions, leases and the runs' documents."
  type        = string
}

variable "work_bucket_arn" {
  description = "ARN of the work bucket."
  type        = string
}

variable "results_bucket" {
  description = "Name of the bucket that Clean Rooms writes matched rows into."
  type        = string
}

variable "results_bucket_arn" {
  description = "ARN of the results bucket."
  type        = string
}

variable "data_key_arn" {
  description = "KMS key of the work and results buckets."
  type        = string
}

variable "logs_key_arn" {
  description = "KMS key of the log group."
  type        = string
}

variable "messaging_key_arn" {
  description = "KMS key of the dead-letter queue, and of what the state machine remembers. Its policy must let delivery.logs.amazonaws.com decrypt."
  type        = string
}

variable "event_bus_name" {
  description = "Name of the event bus that every run's end is published on."
  type        = string
}

variable "event_bus_arn" {
  description = "ARN of the event bus."
  type        = string
}

variable "membership_arns" {
  description = "ARNs of the Clean Rooms memberships whose queries may be run."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.membership_arns : can(regex("^arn:[a-z-]+:cleanrooms:[a-z0-9-]+:[0-9]{12}:membership/[0-9a-f-]{36}$", arn))])
    error_message = "membership_arns must be ARNs of memberships, arn:…:cleanrooms:…:membership/<id>: the id alone does not do."
  }

  validation {
    condition     = length(var.membership_arns) <= 40
    error_message = "membership_arns must have no more than 40: a policy holds 6,144 characters. Deploy a second time under another name for the others."
  }
}

variable "glue_job_names" {
  description = "Names of Glue jobs that definitions name in source.glue_job."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.glue_job_names : can(regex("^[A-Za-z0-9_.-]{1,255}$", name))])
    error_message = "glue_job_names must have names of 1 to 255 letters, digits, underscores, dots and hyphens, without a wildcard."
  }

  validation {
    condition     = length(var.glue_job_names) <= 30
    error_message = "glue_job_names must have no more than 30: a role's policies hold 10,240 characters. One job may prepare several audiences: it is told the run."
  }
}

variable "upload_capacity" {
  description = "Where a chunk's first task runs. FARGATE_SPOT is about a third of the price and may be interrupted: later tasks of the chunk run on FARGATE and go on from its receipt."
  type        = string
  default     = "FARGATE_SPOT"

  validation {
    condition     = contains(["FARGATE_SPOT", "FARGATE"], var.upload_capacity)
    error_message = "upload_capacity must be one of FARGATE_SPOT, FARGATE."
  }
}

variable "log_retention_days" {
  description = "How long the state machine's log is kept. The history of an execution goes after 90 days, the log stays."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}
