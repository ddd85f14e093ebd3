variable "name" {
  description = "Prefix of every name."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "tags" {
  description = "Tags of everything that takes them. Tasks get those of their task definition."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "image_digest" {
  description = "Digest of the image to run, sha256:… as make image writes it into image.auto.tfvars.json. Null until there is one: everything is made but tasks do not start."
  type        = string
  default     = null

  validation {
    condition     = var.image_digest == null || can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "image_digest must be sha256: and 64 hexadecimal digits, or null. make image writes it; a tag is not enough, as it says nothing about what runs."
  }
}

variable "keep_images" {
  description = "How many of the images that were pushed last the repository keeps. To go back to an older one, it must still be there."
  type        = number
  default     = 20

  validation {
    condition     = var.keep_images >= 2 && var.keep_images <= 1000 && floor(var.keep_images) == var.keep_images
    error_message = "keep_images must be a whole number from 2 to 1000: with one, a push would remove the image that runs."
  }
}

variable "force_delete" {
  description = "Whether terraform destroy may remove the repository with images in it. They can be built again from the source."
  type        = bool
  default     = true
}

variable "architecture" {
  description = "Processor of the tasks. ARM64 costs a fifth less; the image has both."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "architecture must be one of ARM64, X86_64."
  }
}

variable "sizes" {
  description = "CPU units and MiB of memory of each stage's task. The defaults hold for any number of rows: memory is bounded by design (a preparation of ten million rows took 183 MiB, an upload 153 MiB), and more CPU shortens prepare and compare, the stages that compute."
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

  validation {
    condition     = alltrue([for size in values(var.sizes) : contains(lookup(local.fargate_sizes, tostring(size.cpu), []), size.memory)])
    error_message = "sizes must be what Fargate offers: cpu 256 with memory 512, 1024, 2048; 512 with 1024 to 4096; 1024 with 2048 to 8192; 2048 with 4096 to 16384; 4096 with 8192 to 30720, all in steps of 1024; 8192 with 16384 to 61440 in steps of 4096; 16384 with 32768 to 122880 in steps of 8192."
  }
}

variable "container_insights" {
  description = "CloudWatch Container Insights of the cluster: enabled gives CPU and memory of the cluster and each task family, enhanced those of each task and container, at the price of more metrics."
  type        = string
  default     = "enabled"

  validation {
    condition     = contains(["enabled", "enhanced", "disabled"], var.container_insights)
    error_message = "container_insights must be one of enabled, enhanced, disabled."
  }
}

variable "raw_bucket_arn" {
  description = "ARN of the bucket with the customers' raw files."
  type        = string
}

variable "source_arns" {
  description = "Further places that prepare may read raw files at: ARNs of objects in other buckets of this region, such as arn:aws:s3:::crm-exports/customers/*."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.source_arns : can(regex("^arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$", arn))])
    error_message = "source_arns must be ARNs of objects, with a key or a pattern of keys after the bucket's name: arn:aws:s3:::crm-exports/customers/* and not arn:aws:s3:::crm-exports."
  }
}

variable "source_key_arns" {
  description = "KMS keys that the objects at source_arns are encrypted with. Their policies must allow the role of prepare too."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.source_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))])
    error_message = "source_key_arns must be ARNs of keys, arn:…:kms:…:key/…; an alias does not do in a policy."
  }
}

variable "work_bucket_arn" {
  description = "ARN of the bucket with definitions, leases and the runs' documents."
  type        = string
}

variable "results_bucket_arn" {
  description = "ARN of the bucket that Clean Rooms writes matched rows into."
  type        = string
}

variable "data_key_arn" {
  description = "KMS key of the raw, work and results buckets, and of the images."
  type        = string
}

variable "logs_key_arn" {
  description = "KMS key of the log groups."
  type        = string
}

variable "secret_arns" {
  description = "ARNs of the secrets with Meta's access tokens, one a tenant. A pattern does too: …:secret:cleanreach/acme/meta-??????."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.secret_arns) <= 50
    error_message = "secret_arns must have no more than 50: a role's policies hold 10,240 characters. Give one pattern for all of them, such as …:secret:cleanreach/*/meta-??????."
  }
}

variable "secret_key_arn" {
  description = "KMS key of the secrets."
  type        = string
}

variable "glue_database" {
  description = "Name of the Glue database with the audiences' prepared tables."
  type        = string
}

variable "table_names" {
  description = "Names of the audiences' prepared tables, which prepare switches."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the tasks' logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the metrics that the tasks write."
  type        = string
}

variable "environment" {
  description = "Further environment variables of every task, such as CLEANREACH_META_URL. They are readable in the console and in Terraform's state: never a secret."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : !contains(["CLEANREACH_META_TOKEN", "CLEANREACH_META_APP_SECRET"], name)])
    error_message = "environment must not have CLEANREACH_META_TOKEN or CLEANREACH_META_APP_SECRET: put the token into the tenant's secret, which the tasks read themselves."
  }

  validation {
    condition     = alltrue([for name in keys(var.environment) : !contains(["CLEANREACH_RUN", "CLEANREACH_CHUNK", "CLEANREACH_CATALOG", "CLEANREACH_METRICS"], name)])
    error_message = "environment must not have CLEANREACH_RUN or CLEANREACH_CHUNK, which the state machine sets, nor CLEANREACH_CATALOG or CLEANREACH_METRICS, which glue_database and metrics_namespace set."
  }
}
