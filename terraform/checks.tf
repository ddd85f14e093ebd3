# A plan for the wrong place is refused: it comes of a wrong profile or region, and would make a second deployment.
resource "terraform_data" "place" {
  input = { account = local.account, region = local.region }

  lifecycle {
    precondition {
      condition     = var.expected_region == null || var.expected_region == local.region
      error_message = "this is for ${coalesce(var.expected_region, "another region")} (expected_region), and the provider is set to ${local.region}: set AWS_REGION, or the provider's region."
    }
    precondition {
      condition     = var.expected_account_id == null || var.expected_account_id == local.account
      error_message = "this is for account ${coalesce(var.expected_account_id, "another")} (expected_account_id), and these are credentials of ${local.account}: set AWS_PROFILE."
    }
    precondition {
      condition     = contains(var.clean_rooms_regions, local.region)
      error_message = "AWS Clean Rooms is not known to be in ${local.region} (partition ${local.partition}), and no run gets past its query without it. It is in ${join(", ", var.clean_rooms_regions)}; if it has come to ${local.region} since, add that to clean_rooms_regions."
    }
  }
}

# A warning, as the quota of an account grows with its use.
check "fargate_quota" {
  assert {
    condition     = length(local.over_quota) == 0
    error_message = "A new account may use 6 vCPUs of Fargate at once, and as many of Spot. These audiences want more for their uploads, and tasks beyond the quota are tried again and again: ${join(", ", local.over_quota)}. Ask for more at Service Quotas (Fargate On-Demand and Spot vCPU resource count), or set limits.concurrency lower."
  }
}

locals {
  concurrency = local.definition_schema.limits.properties.concurrency.default
  upload_cpus = { for key, a in local.audiences : key => coalesce(a.limits.concurrency, local.concurrency) * var.sizes.upload.cpu / 1024 }
  over_quota  = [for key, cpus in local.upload_cpus : "${key} ${cpus}" if cpus > 6]
}

check "image" {
  assert {
    condition     = var.image_digest != null
    error_message = "There is no image yet, and tasks cannot start: run make image at the top of the repository, which builds it, pushes it and pins its digest in image.auto.tfvars.json, and apply again."
  }
}
