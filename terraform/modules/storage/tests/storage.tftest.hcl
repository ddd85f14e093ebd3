# The provider itself plans and renders, without credentials and without a connection.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  data_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "names_are_known_before_anything_is_made" {
  command = plan

  assert {
    condition = [output.raw_bucket, output.work_bucket, output.results_bucket] == [
      for use in ["raw", "work", "results"] : "cleanreach-${use}-111122223333-eu-central-1"
    ]
    error_message = "names derive from use, account and region"
  }

  assert {
    condition = [output.raw_bucket_arn, output.work_bucket_arn, output.results_bucket_arn] == [
      for use in ["raw", "work", "results"] : "arn:aws:s3:::cleanreach-${use}-111122223333-eu-central-1"
    ]
    error_message = "ARNs are of the names"
  }
}

run "defaults" {
  command = plan

  assert {
    condition     = toset(keys(aws_s3_bucket.this)) == toset(["raw", "work", "results", "logs"])
    error_message = "results and access logs have buckets of their own"
  }

  assert {
    condition     = alltrue([for b in aws_s3_bucket.this : !b.force_destroy && b.tags == tomap({ Module = "storage" })])
    error_message = "destroy must not delete data unless asked to"
  }

  assert {
    condition = alltrue([
      for use in keys(aws_s3_bucket.this) :
      aws_s3_bucket_ownership_controls.this[use].rule[0].object_ownership == "BucketOwnerEnforced" &&
      aws_s3_bucket_versioning.this[use].versioning_configuration[0].status == "Enabled" &&
      aws_s3_bucket_public_access_block.this[use].block_public_acls && aws_s3_bucket_public_access_block.this[use].block_public_policy &&
      aws_s3_bucket_public_access_block.this[use].ignore_public_acls && aws_s3_bucket_public_access_block.this[use].restrict_public_buckets
    ])
    error_message = "every bucket is versioned, private and without ACLs"
  }

  assert {
    condition     = toset([for use, log in aws_s3_bucket_logging.data : log.target_prefix]) == toset(["raw/", "work/", "results/"])
    error_message = "accesses to people's data are logged, a folder for each bucket"
  }

  assert {
    condition     = aws_s3_bucket_notification.raw.bucket == output.raw_bucket && aws_s3_bucket_notification.raw.eventbridge
    error_message = "a marker in raw is an event"
  }
}

run "encryption" {
  command = plan

  assert {
    condition     = toset(keys(aws_s3_bucket_server_side_encryption_configuration.data)) == toset(["raw", "work", "results"])
    error_message = "every bucket with data has the key"
  }

  assert {
    condition = alltrue(flatten([
      for c in aws_s3_bucket_server_side_encryption_configuration.data : [
        for r in c.rule : r.bucket_key_enabled && alltrue([
          for d in r.apply_server_side_encryption_by_default : d.sse_algorithm == "aws:kms" && d.kms_master_key_id == var.data_key_arn
        ])
      ]
    ]))
    error_message = "the default is the data key"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.logs.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "access logs are not delivered to a bucket with a KMS key"
  }
}

run "name_tags_and_force_destroy" {
  command = plan

  variables {
    name          = "acme-ads"
    tags          = { Owner = "growth" }
    force_destroy = true
  }

  assert {
    condition     = alltrue([for b in aws_s3_bucket.this : b.force_destroy && b.tags == tomap({ Owner = "growth", Module = "storage" })])
    error_message = "tags are merged, and data goes when that is asked for"
  }

  assert {
    condition     = output.raw_bucket == "acme-ads-raw-111122223333-eu-central-1"
    error_message = "the name is a prefix"
  }
}

run "longest_name" {
  command = plan
  variables { name = "abcdefghijklmnopqrst" }

  assert {
    condition     = alltrue([for b in aws_s3_bucket.this : length(b.bucket) <= 63])
    error_message = "S3 takes 63 characters"
  }
}

run "name_too_long" {
  command = plan
  variables { name = "abcdefghijklmnopqrstu" }
  expect_failures = [var.name]
}

run "name_of_two_letters" {
  command = plan
  variables { name = "ab" }
  expect_failures = [var.name]
}

run "alias_for_a_key" {
  command = plan
  variables { data_key_arn = "arn:aws:kms:eu-central-1:111122223333:alias/cleanreach-data" }
  expect_failures = [var.data_key_arn]
}

run "key_id_for_an_arn" {
  command = plan
  variables { data_key_arn = "11111111-2222-3333-4444-555555555555" }
  expect_failures = [var.data_key_arn]
}

run "no_days" {
  command = plan
  variables { retention_days = { results = 0 } }
  expect_failures = [var.retention_days]
}

run "half_a_day" {
  command = plan
  variables { retention_days = { noncurrent = 0.5 } }
  expect_failures = [var.retention_days]
}
