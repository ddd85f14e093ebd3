terraform {
  required_version = "~> 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Keep the state where nobody loses it: a bucket with versioning, encrypted, with a lock.
  # backend "s3" {
  #   bucket       = "…"
  #   key          = "cleanreach/terraform.tfstate"
  #   encrypt      = true
  #   use_lockfile = true
  # }
}
