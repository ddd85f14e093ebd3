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
  tenants          = ["acme", "globex"]
  reader_role_arns = ["arn:aws:iam::111122223333:role/cleanreach-preflight", "arn:aws:iam::111122223333:role/cleanreach-upload"]
}

run "a_secret_a_tenant" {
  command = plan

  assert {
    condition     = output.secret_names == { acme = "cleanreach/acme/meta", globex = "cleanreach/globex/meta" }
    error_message = "names derive from the tenants, and are known before anything is made"
  }

  assert {
    condition     = alltrue([for tenant, s in aws_secretsmanager_secret.this : s.tags == tomap({ Module = "secrets", Tenant = tenant }) && s.recovery_window_in_days == 30])
    error_message = "a secret has its tenant's tag and can be recovered"
  }

  assert {
    condition     = alltrue([for p in aws_secretsmanager_secret_policy.this : p.block_public_policy])
    error_message = "a public policy is refused"
  }
}

run "only_readers_read_and_nothing_else_is_denied" {
  command = plan

  assert {
    condition = alltrue([
      for tenant in var.tenants : jsonencode(jsondecode(aws_secretsmanager_secret_policy.this[tenant].policy).Statement) == jsonencode([{
        Sid       = "OnlyReaders"
        Effect    = "Deny"
        Action    = "secretsmanager:GetSecretValue"
        Principal = "*"
        Resource  = "*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = var.reader_role_arns } }
      }])
    ])
    error_message = aws_secretsmanager_secret_policy.this["acme"].policy
  }
}

run "key" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days >= var.recovery_window_in_days
    error_message = "the key rotates, and outlives what it encrypts"
  }

  assert {
    condition = jsonencode(jsondecode(aws_kms_key.this.policy).Statement) == jsonencode([
      {
        Sid       = "Account", Effect = "Allow", Action = "kms:*", Resource = "*"
        Principal = { AWS = "arn:aws:iam::111122223333:root" }
      },
      {
        Sid       = "OnlyThroughSecretsManager", Effect = "Deny", Resource = "*", Principal = "*"
        Action    = ["kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Encrypt", "kms:Decrypt"]
        Condition = { StringNotLike = { "kms:ViaService" = "secretsmanager.eu-central-1.*" } }
      },
    ])
    error_message = aws_kms_key.this.policy
  }
}

run "command_has_no_place_for_a_token" {
  command = plan

  assert {
    condition = output.secret_commands["acme"] == join("", [
      "read -rs TOKEN && printf %s \"$TOKEN\" | aws secretsmanager put-secret-value --region eu-central-1",
      " --secret-id cleanreach/acme/meta --secret-string file:///dev/stdin; unset TOKEN",
    ])
    error_message = output.secret_commands["acme"]
  }
}

run "name_tags_and_window" {
  command = plan

  variables {
    name                    = "acme-ads"
    tags                    = { Owner = "growth" }
    recovery_window_in_days = 0
  }

  assert {
    condition     = aws_secretsmanager_secret.this["acme"].tags == tomap({ Owner = "growth", Module = "secrets", Tenant = "acme" })
    error_message = "tags are merged"
  }

  assert {
    condition     = output.secret_names["acme"] == "acme-ads/acme/meta" && aws_kms_alias.this.name == "alias/acme-ads-secrets" && aws_secretsmanager_secret.this["acme"].recovery_window_in_days == 0
    error_message = "the name is a prefix, and a secret goes at once when that is asked for"
  }
}

run "no_tenants" {
  command = plan
  variables { tenants = [] }

  assert {
    condition     = length(aws_secretsmanager_secret.this) == 0 && output.secret_names == {}
    error_message = "a deployment may begin without tenants"
  }
}

run "name_too_long" {
  command = plan
  variables { name = "abcdefghijklmnopqrstu" }
  expect_failures = [var.name]
}

run "tenant_of_capitals" {
  command = plan
  variables { tenants = ["acme", "Globex"] }
  expect_failures = [var.tenants]
}

run "tenant_with_a_slash" {
  command = plan
  variables { tenants = ["acme/x"] }
  expect_failures = [var.tenants]
}

run "tenant_too_long" {
  command = plan
  variables { tenants = ["a1234567890123456789012345678901234567890"] }
  expect_failures = [var.tenants]
}

run "no_reader" {
  command = plan
  variables { reader_role_arns = [] }
  expect_failures = [var.reader_role_arns]
}

run "any_role_as_reader" {
  command = plan
  variables { reader_role_arns = ["arn:aws:iam::111122223333:role/*"] }
  expect_failures = [var.reader_role_arns]
}

run "session_as_reader" {
  command = plan
  variables { reader_role_arns = ["arn:aws:sts::111122223333:assumed-role/cleanreach-upload/x"] }
  expect_failures = [var.reader_role_arns]
}

run "window_of_a_day" {
  command = plan
  variables { recovery_window_in_days = 1 }
  expect_failures = [var.recovery_window_in_days]
}

run "window_too_long" {
  command = plan
  variables { recovery_window_in_days = 31 }
  expect_failures = [var.recovery_window_in_days]
}

run "window_of_half_a_day" {
  command = plan
  variables { recovery_window_in_days = 7.5 }
  expect_failures = [var.recovery_window_in_days]
}
