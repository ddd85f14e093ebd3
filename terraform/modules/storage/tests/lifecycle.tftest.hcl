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

run "defaults" {
  command = plan

  assert {
    condition = {
      for use, c in aws_s3_bucket_lifecycle_configuration.this : use => [for r in c.rule : [r.filter[0].prefix, r.expiration[0].days] if r.id == "expire"]
      } == {
      raw     = [["", 30]]
      work    = [["runs/", 90]]
      results = [["runs/", 30]]
      logs    = [["", 365]]
    }
    error_message = "definitions and leases stay; runs, results, sources and access logs go"
  }

  assert {
    condition = alltrue([
      for r in aws_s3_bucket_lifecycle_configuration.this["work"].rule : length(r.expiration) == 0 || !startswith("suppression/acme/list/00000001.parquet", r.filter[0].prefix)
    ])
    error_message = "who opted out would be forgotten, and sent to Meta again"
  }

  assert {
    condition = alltrue([
      for c in aws_s3_bucket_lifecycle_configuration.this : [
        for r in c.rule : [r.status, r.filter[0].prefix, r.noncurrent_version_expiration[0].noncurrent_days, r.abort_incomplete_multipart_upload[0].days_after_initiation]
        if r.id == "clear"
      ] == [["Enabled", "", 7, 7]]
    ])
    error_message = "old versions and parts of uploads go everywhere, leases' among them"
  }

  assert {
    condition     = alltrue(flatten([for c in aws_s3_bucket_lifecycle_configuration.this : [length(c.rule) == 2, [for r in c.rule : r.status == "Enabled"]]]))
    error_message = "there are these two rules, and they are on"
  }
}

run "days_of_choice" {
  command = plan

  variables {
    retention_days = { raw = 1, runs = 2, results = 3, noncurrent = 4, access_logs = 5 }
  }

  assert {
    condition = {
      for use, c in aws_s3_bucket_lifecycle_configuration.this : use => sum(concat([for r in c.rule : r.expiration[0].days if r.id == "expire"]))
    } == { raw = 1, work = 2, results = 3, logs = 5 }
    error_message = "each variable is of its bucket"
  }

  assert {
    condition = alltrue([
      for c in aws_s3_bucket_lifecycle_configuration.this : [for r in c.rule : r.noncurrent_version_expiration[0].noncurrent_days if r.id == "clear"] == [4]
    ])
    error_message = "noncurrent is of all"
  }
}
