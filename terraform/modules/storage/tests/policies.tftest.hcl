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

run "every_bucket_wants_tls" {
  command = plan

  assert {
    condition = alltrue([
      for use, b in aws_s3_bucket.this : alltrue([
        for s in [
          { Sid = "OnlyTLS", Condition = { Bool = { "aws:SecureTransport" = "false" } } },
          { Sid = "OnlyTLS12", Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } } },
          ] : contains([for s in jsondecode(aws_s3_bucket_policy.this[use].policy).Statement : jsonencode(s)], jsonencode({
            Sid       = s.Sid
            Effect    = "Deny"
            Action    = "s3:*"
            Principal = { AWS = "*" }
            Resource  = ["arn:aws:s3:::${b.bucket}/*", "arn:aws:s3:::${b.bucket}"]
            Condition = s.Condition
        }))
      ])
    ])
    error_message = aws_s3_bucket_policy.this["raw"].policy
  }
}

# The Null is what lets through a writer that relies on the default encryption and so sends no such header.
run "another_key_is_refused_and_none_is_not" {
  command = plan

  assert {
    condition = alltrue([
      for use in ["raw", "work", "results"] : contains([for s in jsondecode(aws_s3_bucket_policy.this[use].policy).Statement : jsonencode(s)], jsonencode({
        Sid       = "OnlyTheBucketsKey"
        Effect    = "Deny"
        Action    = "s3:PutObject"
        Principal = { AWS = "*" }
        Resource  = "arn:aws:s3:::${aws_s3_bucket.this[use].bucket}/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = var.data_key_arn }
        }
      }))
    ])
    error_message = aws_s3_bucket_policy.this["work"].policy
  }

  assert {
    condition     = length([for p in aws_s3_bucket_policy.this : p.policy if strcontains(p.policy, "IfExists")]) == 0
    error_message = "a negated operator with IfExists refuses whoever sends no header"
  }
}

run "an_algorithm_without_a_key_is_refused_in_raw_alone" {
  command = plan

  assert {
    condition     = [for use, p in aws_s3_bucket_policy.this : use if strcontains(p.policy, "NoAlgorithmWithoutKey")] == ["raw"]
    error_message = "how AWS's services write to work and results is not known well enough to refuse it"
  }

  assert {
    condition = [
      for s in jsondecode(aws_s3_bucket_policy.this["raw"].policy).Statement : s.Condition if s.Sid == "NoAlgorithmWithoutKey"
      ][0].Null == {
      "s3:x-amz-server-side-encryption"                = "false"
      "s3:x-amz-server-side-encryption-aws-kms-key-id" = "true"
    }
    error_message = aws_s3_bucket_policy.this["raw"].policy
  }
}

run "only_the_delivery_of_these_buckets_logs_is_allowed_anything" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for use in ["raw", "work", "results"] : [for s in jsondecode(aws_s3_bucket_policy.this[use].policy).Statement : s.Effect == "Deny"]
    ]))
    error_message = "a bucket with data lets nobody in: roles have their own policies"
  }

  assert {
    condition = jsonencode([for s in jsondecode(aws_s3_bucket_policy.this["logs"].policy).Statement : s if s.Effect == "Allow"]) == jsonencode([
      for use in ["raw", "results", "work"] : {
        Sid       = "AccessLogsOf${title(use)}"
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Resource  = "arn:aws:s3:::cleanreach-logs-111122223333-eu-central-1/${use}/*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = "111122223333" }
          ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::cleanreach-${use}-111122223333-eu-central-1" }
        }
      }
    ])
    error_message = aws_s3_bucket_policy.this["logs"].policy
  }
}
