variable "name" {
  description = "Prefix of everything that is made: two deployments in one account need two names."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen: names of buckets begin with it and may have 63 characters."
  }
}

variable "tags" {
  description = "Tags for everything that takes them. Module, Tenant and Audience are added."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.tags), ["Module", "Tenant", "Audience"])) == 0
    error_message = "tags must not have Module, Tenant or Audience: costs are told apart by them, so they are set here."
  }
}

variable "expected_region" {
  description = "Region that this is meant for. A plan for another one is refused: it comes of a wrong profile or AWS_REGION, and would make a second deployment."
  type        = string
  default     = null
}

variable "expected_account_id" {
  description = "Account that this is meant for. A plan for another one is refused."
  type        = string
  default     = null

  validation {
    condition     = var.expected_account_id == null || can(regex("^[0-9]{12}$", var.expected_account_id))
    error_message = "expected_account_id must be an AWS account number of 12 digits, in quotes."
  }
}

variable "clean_rooms_regions" {
  description = "Regions that have AWS Clean Rooms. A plan for another one is refused: no run would get past its query there. Give a list of your own when AWS has opened another."
  type        = set(string)
  default = [
    "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "us-east-1",
    "us-east-2", "us-west-2",
  ]
  nullable = false
}

variable "tenants" {
  description = <<-EOT
    Whose audiences there are, by a short name that is a part of paths, tags and secrets:
    - monthly_budget_usd: a budget of what is tagged with the tenant; emails are told of it.
    - no_success_hours: it is an alarm when no run of the tenant ended well for so long; 25 suits a daily schedule.
  EOT
  type = map(object({
    monthly_budget_usd = optional(number)
    emails             = optional(list(string), [])
    no_success_hours   = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for tenant in keys(var.tenants) : can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", tenant))])
    error_message = "tenants must have names of 1 to 40 lower case letters, digits and hyphens, without a hyphen at either end: ${join(", ", keys(var.tenants))}."
  }
}

# The fields of an audience are those of internal/audience/definition.schema.json, with the same meaning, and a few that only
# a deployment has. test/terraform/variables_test.go holds the two against each other.
variable "audiences" {
  description = <<-EOT
    The audiences, by any label. Each becomes a document that runs read, a table for its prepared rows and, if it has one, a schedule.
    Fields are those of the audience definition (`cleanreach schema` prints its JSON Schema), and:
    - name: the label, if left out.
    - collaboration: one of var.collaborations, in place of match.membership_id.
    - template: one of the collaboration's templates, in place of match.template_arn.
    - schedule: when it runs. expression is rate(…), cron(…) or at(…); window_minutes spreads starts. Schedules rest until there is an image.
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

      data_processing_options = optional(object({ options = list(string), country = optional(number), state = optional(number) }))
    })
    limits = optional(object({
      max_invalid_ratio         = optional(number)
      min_rows                  = optional(number)
      max_failed_chunks_percent = optional(number)
      chunk_rows                = optional(number)
      concurrency               = optional(number)
      max_removed_ratio         = optional(number)
      min_size                  = optional(number)
      replace_overflow          = optional(string)
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
    error_message = "tables of a collaboration must be named as audiences that have it as their collaboration. No such audience has the name: ${join(", ", flatten([for name, c in var.collaborations : [for table in keys(c.tables) : "${name}/${table}" if !contains([for label, a in var.audiences : coalesce(a.name, label) if a.collaboration == name], table)]]))}."
  }
}

variable "network" {
  description = <<-EOT
    Where the tasks run: a VPC of its own, or one that is there already.
    - vpc_cidr, availability_zone_count, nat_gateway ("single" or "per_zone"), interface_endpoints: of its own VPC, see modules/network.
    - existing: {vpc_id, subnet_ids, security_group_ids}, private subnets with a way out to the internet.
  EOT
  type = object({
    vpc_cidr                = optional(string, "10.42.0.0/20")
    availability_zone_count = optional(number, 2)
    nat_gateway             = optional(string, "single")
    interface_endpoints     = optional(set(string), [])
    existing = optional(object({
      vpc_id             = string
      subnet_ids         = list(string)
      security_group_ids = optional(list(string), [])
    }))
  })
  default  = {}
  nullable = false
}

variable "image_digest" {
  description = "Digest of the container image, sha256:…, which make image writes into image.auto.tfvars.json. Null for the first apply, which makes the repository that the image goes to."
  type        = string
  default     = null
}

variable "architecture" {
  description = "Processor of the tasks: ARM64 (a fifth cheaper) or X86_64. The image has both."
  type        = string
  default     = "ARM64"
}

variable "sizes" {
  description = "CPU units and MiB of memory of each stage's task. The defaults hold for any number of rows; more CPU shortens prepare and compare."
  type = object({
    preflight = optional(object({ cpu = optional(number, 256), memory = optional(number, 512) }), {})
    prepare   = optional(object({ cpu = optional(number, 1024), memory = optional(number, 2048) }), {})
    compare   = optional(object({ cpu = optional(number, 1024), memory = optional(number, 2048) }), {})
    plan      = optional(object({ cpu = optional(number, 256), memory = optional(number, 512) }), {})
    advance   = optional(object({ cpu = optional(number, 256), memory = optional(number, 512) }), {})
    upload    = optional(object({ cpu = optional(number, 256), memory = optional(number, 512) }), {})
    report    = optional(object({ cpu = optional(number, 256), memory = optional(number, 512) }), {})
  })
  default  = {}
  nullable = false
}

variable "upload_capacity" {
  description = "Where a chunk's first task runs: FARGATE_SPOT, at about a third of the price and with interruptions that it survives, or FARGATE."
  type        = string
  default     = "FARGATE_SPOT"
}

variable "environment" {
  description = "Further environment variables of every task. They are readable in the console and in the state: never a secret."
  type        = map(string)
  default     = {}
}

variable "source_arns" {
  description = "Where else than in the raw bucket sources lie: ARNs of objects in other buckets, such as arn:aws:s3:::crm-exports/customers/*. prepare may read them."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.source_arns : startswith(arn, "arn:${data.aws_partition.current.partition}:s3:::")])
    error_message = "source_arns must be ARNs of objects in S3 of this partition, arn:${data.aws_partition.current.partition}:s3:::<bucket>/<key or pattern>: ${join(", ", var.source_arns)}."
  }

  validation {
    condition     = alltrue([for arn in var.source_arns : !strcontains(arn, ":::${local.results_bucket}/")])
    error_message = "source_arns must not be in ${local.results_bucket}: Clean Rooms puts no results into a bucket that holds a source."
  }
}

variable "source_key_arns" {
  description = "KMS keys that the objects at source_arns are encrypted with. Their policies must allow the role of prepare too."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.source_key_arns : startswith(arn, "arn:${data.aws_partition.current.partition}:kms:${data.aws_region.current.name}:")])
    error_message = "source_key_arns must be ARNs of keys in this region, arn:${data.aws_partition.current.partition}:kms:${data.aws_region.current.name}:…: ${join(", ", var.source_key_arns)}."
  }
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the tasks' metrics."
  type        = string
  default     = "CleanReach"
}

variable "alarms" {
  description = <<-EOT
    Whom alarms are sent to and what is one:
    - emails: each gets a message of AWS first that must be confirmed.
    - invalid_ratio: share of quarantined rows. token_days: days before Meta's token ends. oldest_message_hours: age of a message that nobody took.
    - run_events_are_read: somebody reads the queue of run events, so that an old message there is an alarm.
  EOT
  type = object({
    emails               = optional(list(string), [])
    invalid_ratio        = optional(number, 0.2)
    token_days           = optional(number, 14)
    oldest_message_hours = optional(number, 24)
    run_events_are_read  = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "runbook_url" {
  description = "Where people read docs/runbook.md: alarms link its sections. Give your copy's address."
  type        = string
  default     = "https://github.com/cleanreach/cleanreach/blob/main/docs/runbook.md"
}

variable "activate_cost_allocation_tags" {
  description = "Whether to activate the tags Tenant, Module and Audience for cost allocation. Only the account that pays can, a day after the first apply; until then budgets see nothing."
  type        = bool
  default     = false
}

variable "retention_days" {
  description = "Days that objects are kept: raw files, a run's documents and prepared files, what Clean Rooms wrote, overwritten and deleted versions, access logs."
  type = object({
    raw         = optional(number, 30)
    runs        = optional(number, 90)
    results     = optional(number, 30)
    noncurrent  = optional(number, 7)
    access_logs = optional(number, 365)
  })
  default  = {}
  nullable = false
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}

variable "archive_retention_days" {
  description = "Days that events can be replayed from the archive."
  type        = number
  default     = 90
}

variable "force_destroy" {
  description = "Whether terraform destroy removes the buckets with all that is in them, people's data and reports. Otherwise it stops at a bucket that is not empty."
  type        = bool
  default     = false
}

variable "key_deletion_window_in_days" {
  description = "Days that a KMS key waits between destroy and its end, 7 to 30."
  type        = number
  default     = 30
}

variable "secret_recovery_window_in_days" {
  description = "Days that a deleted secret can be recovered, 7 to 30; 0 deletes it at once, so that its name can be used again."
  type        = number
  default     = 30
}
