mock_provider "aws" {
  source          = "../../tests/aws"
  override_during = plan
}

run "defaults" {
  command = plan

  assert {
    condition     = toset(keys(aws_kms_key.this)) == toset(["data", "logs", "messaging"])
    error_message = "there are three keys"
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "every key rotates and waits 30 days before it is deleted"
  }

  assert {
    condition     = alltrue([for use, alias in aws_kms_alias.this : alias.name == "alias/cleanreach-${use}"])
    error_message = "a key's alias names its use"
  }

  assert {
    condition     = alltrue([for arn in [output.data_key_arn, output.logs_key_arn, output.messaging_key_arn] : startswith(arn, "arn:")])
    error_message = "outputs are ARNs"
  }
}

run "name_tags_and_window" {
  command = plan

  variables {
    name                    = "acme-ads"
    tags                    = { Owner = "growth" }
    deletion_window_in_days = 7
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.tags == tomap({ Owner = "growth", Module = "keys" }) && key.deletion_window_in_days == 7])
    error_message = "tags are merged, and the window is the variable's"
  }

  assert {
    condition     = aws_kms_alias.this["messaging"].name == "alias/acme-ads-messaging"
    error_message = "the name is a prefix"
  }
}

run "name_too_long" {
  command = plan
  variables { name = "abcdefghijklmnopqrstu" }
  expect_failures = [var.name]
}

run "name_of_capitals" {
  command = plan
  variables { name = "CleanReach" }
  expect_failures = [var.name]
}

run "window_too_short" {
  command = plan
  variables { deletion_window_in_days = 6 }
  expect_failures = [var.deletion_window_in_days]
}

run "window_too_long" {
  command = plan
  variables { deletion_window_in_days = 31 }
  expect_failures = [var.deletion_window_in_days]
}

run "window_of_half_a_day" {
  command = plan
  variables { deletion_window_in_days = 7.5 }
  expect_failures = [var.deletion_window_in_days]
}
