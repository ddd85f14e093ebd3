mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
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
