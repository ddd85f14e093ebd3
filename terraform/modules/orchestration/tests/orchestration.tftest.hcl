mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/cleanreach-state-machine" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::111122223333:policy/cleanreach-queries" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-1:111122223333:cleanreach-dead-letters"
      url = "https://sqs.eu-west-1.amazonaws.com/111122223333/cleanreach-dead-letters"
    }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/vendedlogs/states/cleanreach" }
  }
  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach" }
  }
}

# The values of statemachine/golden_test.go.
variables {
  cluster_arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/cleanreach"
  task_definition_arns = {
    preflight = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-preflight"
    prepare   = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-prepare"
    plan      = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-plan"
    upload    = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-upload"
    report    = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-report"
  }
  task_role_arns = {
    preflight = "arn:aws:iam::111122223333:role/cleanreach-preflight"
    prepare   = "arn:aws:iam::111122223333:role/cleanreach-prepare"
    plan      = "arn:aws:iam::111122223333:role/cleanreach-plan"
    upload    = "arn:aws:iam::111122223333:role/cleanreach-upload"
    report    = "arn:aws:iam::111122223333:role/cleanreach-report"
  }
  execution_role_arn = "arn:aws:iam::111122223333:role/cleanreach-execution"
  subnet_ids         = ["subnet-0a", "subnet-0b"]
  security_group_ids = ["sg-0a"]
  work_bucket        = "cleanreach-work-111122223333-eu-west-1"
  work_bucket_arn    = "arn:aws:s3:::cleanreach-work-111122223333-eu-west-1"
  results_bucket     = "cleanreach-results-111122223333-eu-west-1"
  results_bucket_arn = "arn:aws:s3:::cleanreach-results-111122223333-eu-west-1"
  data_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/data"
  logs_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/logs"
  messaging_key_arn  = "arn:aws:kms:eu-west-1:111122223333:key/messaging"
  event_bus_name     = "cleanreach"
  event_bus_arn      = "arn:aws:events:eu-west-1:111122223333:event-bus/cleanreach"
  membership_arns    = ["arn:aws:cleanrooms:eu-west-1:111122223333:membership/11111111-2222-3333-4444-555555555555"]
  glue_job_names     = ["acme-prepare"]
  tags               = { Owner = "marketing" }
}

run "definition" {
  command = plan

  assert {
    condition     = jsonencode(jsondecode(output.definition)) == jsonencode(jsondecode(file("${path.module}/../../../statemachine/testdata/rendered.json")))
    error_message = "the rendered definition differs from statemachine.Render's: run make generate if the definition changed, else mend definition.tf"
  }

  assert {
    condition     = aws_sfn_state_machine.audience.definition == output.definition
    error_message = "another definition is deployed"
  }
}

run "on_demand" {
  command = plan

  variables {
    upload_capacity = "FARGATE"
  }

  assert {
    condition     = jsondecode(output.definition).States.Upload.ItemSelector.retry.capacity == "FARGATE"
    error_message = "upload_capacity does not arrive"
  }
}

run "state_machine" {
  command = plan

  assert {
    condition = (
      aws_sfn_state_machine.audience.type == "STANDARD" && aws_sfn_state_machine.audience.tracing_configuration[0].enabled &&
      aws_sfn_state_machine.audience.encryption_configuration[0].kms_key_id == var.messaging_key_arn
    )
    error_message = "the state machine is not traced or not encrypted"
  }

  assert {
    condition = (
      aws_sfn_state_machine.audience.logging_configuration[0].level == "ALL" &&
      !aws_sfn_state_machine.audience.logging_configuration[0].include_execution_data &&
      endswith(aws_sfn_state_machine.audience.logging_configuration[0].log_destination, ":*")
    )
    error_message = "the log has data in it, or lacks levels"
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.state_machine.name == "/aws/vendedlogs/states/cleanreach" &&
      aws_cloudwatch_log_group.state_machine.kms_key_id == var.logs_key_arn && aws_cloudwatch_log_group.state_machine.retention_in_days == 365
    )
    error_message = "the log group is not encrypted, not kept for a year, or under another name than deliveries may write to"
  }

  assert {
    condition = (
      aws_sqs_queue.dead_letters.message_retention_seconds == 1209600 && aws_sqs_queue.dead_letters.kms_master_key_id == var.messaging_key_arn &&
      jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy).redrivePermission == "denyAll"
    )
    error_message = "the dead-letter queue forgets too early, is not encrypted, or takes other queues' letters"
  }

  assert {
    condition = alltrue([for tags in [
      aws_sfn_state_machine.audience.tags, aws_sqs_queue.dead_letters.tags, aws_cloudwatch_log_group.state_machine.tags, aws_iam_role.state_machine.tags, aws_iam_policy.queries[0].tags,
    ] : tags.Module == "orchestration" && tags.Owner == "marketing"])
    error_message = "something lacks its tags"
  }
}
