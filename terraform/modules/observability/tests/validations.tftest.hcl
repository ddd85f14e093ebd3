# The provider itself plans, without credentials and without a connection.
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

run "name" {
  command = plan
  variables { name = "CleanReach" }
  expect_failures = [var.name]
}

run "namespace_of_aws" {
  command = plan
  variables { metrics_namespace = "AWS/CleanReach" }
  expect_failures = [var.metrics_namespace]
}

run "namespace_with_a_blank" {
  command = plan
  variables { metrics_namespace = "Clean Reach" }
  expect_failures = [var.metrics_namespace]
}

run "a_log_group_is_missing" {
  command = plan
  variables { log_group_names = { upload = "/cleanreach/upload" } }
  expect_failures = [var.log_group_names]
}

run "tenant" {
  command = plan
  variables { tenants = { "Acme Inc" = {} } }
  expect_failures = [var.tenants]
}

run "more_hours_than_an_alarm_can_look_back" {
  command = plan
  variables { tenants = { acme = { no_success_hours = 169 } } }
  expect_failures = [var.tenants]
}

run "half_an_hour" {
  command = plan
  variables { tenants = { acme = { no_success_hours = 1.5 } } }
  expect_failures = [var.tenants]
}

run "invalid_ratio_in_percent" {
  command = plan
  variables { invalid_ratio = 20 }
  expect_failures = [var.invalid_ratio]
}

run "token_days" {
  command = plan
  variables { token_days = 0 }
  expect_failures = [var.token_days]
}

run "oldest_message" {
  command = plan
  variables { oldest_message_hours = 336 }
  expect_failures = [var.oldest_message_hours]
}

run "email" {
  command = plan
  variables { emails = ["oncall"] }
  expect_failures = [var.emails]
}

run "runbook_with_an_anchor" {
  command = plan
  variables { runbook_url = "https://example.com/runbook#top" }
  expect_failures = [var.runbook_url]
}

run "a_size_is_missing" {
  command = plan
  variables { stage_sizes = { upload = { cpu = 256, memory = 512 } } }
  expect_failures = [var.stage_sizes]
}

run "price" {
  command = plan
  variables { prices = { egress_gb = -1 } }
  expect_failures = [var.prices]
}
