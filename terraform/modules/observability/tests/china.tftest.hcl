# Another partition: other ARNs and another console.
provider "aws" {
  region                      = "cn-north-1"
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
  name                   = "reach"
  messaging_key_arn      = "arn:aws-cn:kms:cn-north-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  state_machine_arn      = "arn:aws-cn:states:cn-north-1:111122223333:stateMachine:reach"
  state_machine_name     = "reach"
  starter_arn            = "arn:aws-cn:states:cn-north-1:111122223333:stateMachine:reach-starter"
  cluster_name           = "reach"
  event_bus_name         = "reach"
  dead_letter_queue_name = "reach-dead-letter"
  undelivered_queue_name = "reach-undelivered"
  run_events_queue_name  = "reach-run-events"
  metrics_namespace      = "Reach"
  log_group_names        = { for stage in ["preflight", "prepare", "compare", "plan", "advance", "upload", "report"] : stage => "/reach/${stage}" }
}

run "nothing_is_of_another_partition" {
  command = plan

  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "arn:aws:") && !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "amazon.com")
    error_message = "the dashboard has an ARN or a link of the partition aws"
  }

  assert {
    condition     = !strcontains(data.aws_iam_policy_document.topic.json, "arn:aws:")
    error_message = data.aws_iam_policy_document.topic.json
  }

  assert {
    condition     = startswith(output.dashboard_url, "https://cn-north-1.console.amazonaws.cn/")
    error_message = output.dashboard_url
  }
}
