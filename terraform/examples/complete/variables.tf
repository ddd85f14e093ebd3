variable "region" {
  description = "Region to deploy to: one that has AWS Clean Rooms, and the partner's data."
  type        = string
}

variable "name" {
  description = "Prefix of everything that is made, 3 to 20 lower case letters, digits and hyphens."
  type        = string
  default     = "cleanreach"
}

variable "partner_account_id" {
  description = "AWS account of the partner, whose customers acme's are matched with."
  type        = string
}

variable "collaboration_id" {
  description = "Id of the collaboration, if the partner made it and invited this account. Null makes one here and invites the partner."
  type        = string
  default     = null
}

variable "emails" {
  description = "Whom alarms and failed runs are sent to."
  type        = list(string)
  default     = []
}

variable "image_digest" {
  description = "Digest of the container image. make image writes it into image.auto.tfvars.json here; leave it out for the first apply."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether destroy removes the buckets with all that is in them, and secrets and keys as soon as can be."
  type        = bool
  default     = false
}

variable "environment" {
  description = "Further environment variables of the tasks, such as CLEANREACH_META_URL for trying out against the sandbox. Never a secret."
  type        = map(string)
  default     = {}
}
