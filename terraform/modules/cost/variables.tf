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
  description = "Tags of everything that takes them. The tags Module and Tenant are added."
  type        = map(string)
  default     = {}
}

variable "tenants" {
  description = "The tenants. One with monthly_budget_usd gets a budget of what is tagged with its name; emails are told of it beside the topic, ten at the most."
  type = map(object({
    monthly_budget_usd = optional(number)
    emails             = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for tenant in keys(var.tenants) : can(regex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", tenant))])
    error_message = "tenants must have names of 1 to 40 lower case letters, digits and hyphens, without a hyphen at either end."
  }

  validation {
    condition     = alltrue([for t in values(var.tenants) : t.monthly_budget_usd == null ? true : t.monthly_budget_usd >= 1])
    error_message = "monthly_budget_usd must be 1 or more, or left out for a tenant without a budget."
  }

  validation {
    condition     = alltrue(flatten([for t in values(var.tenants) : [for address in t.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))]]))
    error_message = "emails must be addresses such as finance@example.com."
  }

  validation {
    condition     = alltrue([for t in values(var.tenants) : length(t.emails) <= 10])
    error_message = "emails must be at most 10 for a tenant: AWS Budgets takes no more. Subscribe a mailing list, or the topic."
  }
}

variable "topic_arn" {
  description = "ARN of the SNS topic that budgets are told to. Its policy and its key must let AWS Budgets publish."
  type        = string
}

variable "activate_cost_allocation_tags" {
  description = "Whether to activate the tags Tenant, Module and Audience for cost allocation. Only the account that pays can, and only once AWS has seen the tags on something: apply first, and set this a day later. Until the tag Tenant is active, budgets see nothing."
  type        = bool
  default     = false
}
