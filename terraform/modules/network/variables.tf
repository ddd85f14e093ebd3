variable "name" {
  description = "Prefix of everything that is made."
  type        = string
  default     = "cleanreach"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 lower case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the VPC, /16 to /24. A task takes one; each zone's private subnet has an eighth of them, less the five that AWS keeps."
  type        = string
  default     = "10.42.0.0/20"

  validation {
    condition     = try(cidrsubnet(var.vpc_cidr, 0, 0) == var.vpc_cidr && contains(range(16, 25), tonumber(split("/", var.vpc_cidr)[1])) && !strcontains(var.vpc_cidr, ":"), false)
    error_message = "vpc_cidr must be an IPv4 block of /16 to /24 that begins at its first address, like 10.42.0.0/20."
  }
}

variable "availability_zone_count" {
  description = "Zones that the tasks are spread over, 1 to 4."
  type        = number
  default     = 2

  validation {
    condition     = contains([1, 2, 3, 4], var.availability_zone_count)
    error_message = "availability_zone_count must be 1, 2, 3 or 4."
  }
}

variable "nat_gateway" {
  description = "`single`: one NAT gateway for all zones; while its zone is down, so are the uploads, and they go on afterwards. `per_zone`: one in each, at that many times the price."
  type        = string
  default     = "single"

  validation {
    condition     = contains(["single", "per_zone"], var.nat_gateway)
    error_message = "nat_gateway must be single or per_zone."
  }
}

variable "interface_endpoints" {
  description = <<-EOT
    Services to be called by interface endpoints, and so not by NAT. None by default: Meta is called by NAT anyway, and each endpoint costs by the hour in each zone.
    All that the tasks call is `["ecr.api", "ecr.dkr", "logs", "secretsmanager", "glue"]`; the others are for what else runs in the VPC.
  EOT
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = length(setsubtract(var.interface_endpoints, [
      "cleanrooms", "ecr.api", "ecr.dkr", "events", "glue", "kms", "logs", "monitoring", "secretsmanager", "sqs", "states", "sts",
    ])) == 0
    error_message = "interface_endpoints may have cleanrooms, ecr.api, ecr.dkr, events, glue, kms, logs, monitoring, secretsmanager, sqs, states and sts. S3 has a gateway endpoint anyway."
  }

  validation {
    condition     = var.existing == null || length(var.interface_endpoints) == 0
    error_message = "interface_endpoints are made in a VPC of the module's own: with existing, leave them out."
  }
}

variable "flow_log_retention_days" {
  description = "Days that flow logs are kept; 0 keeps them for ever."
  type        = number
  default     = 365

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_log_retention_days)
    error_message = "flow_log_retention_days must be one of 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653: CloudWatch Logs takes no others."
  }
}

variable "logs_key_arn" {
  description = "ARN of the key that encrypts the flow logs. Not used with existing."
  type        = string
  default     = null

  validation {
    condition     = var.existing != null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.logs_key_arn))
    error_message = "logs_key_arn must be the ARN of a key (arn:…:key/…), unless existing is set."
  }
}

variable "existing" {
  description = <<-EOT
    A VPC that is there already, in place of one of the module's own. The subnets need a way out to the internet by NAT, and should have an S3 gateway endpoint.
    Without `security_group_ids` one is made that lets HTTPS out.
  EOT
  type = object({
    vpc_id             = string
    subnet_ids         = list(string)
    security_group_ids = optional(list(string), [])
  })
  default = null

  validation {
    condition = var.existing == null ? true : (
      can(regex("^vpc-[0-9a-f]+$", var.existing.vpc_id)) && length(var.existing.subnet_ids) > 0 &&
      alltrue([for id in var.existing.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))]) &&
      alltrue([for id in var.existing.security_group_ids : can(regex("^sg-[0-9a-f]+$", id))]) &&
      length(var.existing.subnet_ids) <= 16 && length(var.existing.security_group_ids) <= 5
    )
    error_message = "existing needs vpc_id (vpc-…), 1 to 16 subnet_ids (subnet-…), and may have up to 5 security_group_ids (sg-…): a task takes no more."
  }
}

variable "tags" {
  description = "Tags for everything that takes them. The tag Module is added."
  type        = map(string)
  default     = {}
}
