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
  mock_resource "aws_cloudwatch_event_bus" {
    defaults = { arn = "arn:aws:events:eu-west-1:111122223333:event-bus/cleanreach" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:111122223333:rule/cleanreach/a-rule" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-1:111122223333:cleanreach-undelivered"
      url = "https://sqs.eu-west-1.amazonaws.com/111122223333/cleanreach-undelivered"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/cleanreach-role" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/vendedlogs/states/cleanreach-starter" }
  }
  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach-starter" }
  }
}

variables {
  raw_bucket         = "cleanreach-raw-111122223333-eu-west-1"
  work_bucket        = "cleanreach-work-111122223333-eu-west-1"
  work_bucket_arn    = "arn:aws:s3:::cleanreach-work-111122223333-eu-west-1"
  data_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/data"
  messaging_key_arn  = "arn:aws:kms:eu-west-1:111122223333:key/messaging"
  logs_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/logs"
  state_machine_arn  = "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach"
  state_machine_name = "cleanreach"
  cluster_arn        = "arn:aws:ecs:eu-west-1:111122223333:cluster/cleanreach"
  tags               = { Owner = "marketing" }
  schedules = {
    "acme/vip"   = { tenant = "acme", audience = "vip", expression = "cron(0 5 ? * MON-FRI *)", timezone = "Europe/Berlin", window_minutes = 15 }
    "acme/new"   = { tenant = "acme", audience = "new", expression = "rate(1 day)" }
    "globex/vip" = { tenant = "globex", audience = "vip", expression = "at(2026-12-01T05:00:00)", enabled = false }
  }
}

run "the_starter_is_the_one_that_is_tested" {
  command = plan

  assert {
    condition     = jsonencode(jsondecode(aws_sfn_state_machine.starter.definition)) == jsonencode(jsondecode(file("${path.module}/../../../statemachine/testdata/starter.json")))
    error_message = "Terraform renders another definition than statemachine.RenderStarter"
  }

  assert {
    condition     = aws_sfn_state_machine.starter.type == "STANDARD" && output.starter_name == "cleanreach-starter"
    error_message = "an Express execution has no name that is used once only"
  }
}

run "everything_is_encrypted_by_our_keys" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_bus.this.kms_key_identifier == var.messaging_key_arn
    error_message = "the bus"
  }
  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.undelivered, aws_sqs_queue.run_events] : queue.kms_master_key_id == var.messaging_key_arn && queue.message_retention_seconds == 1209600])
    error_message = "a queue"
  }
  assert {
    condition     = aws_cloudwatch_log_group.starter.kms_key_id == var.logs_key_arn && aws_cloudwatch_log_group.starter.retention_in_days == 365
    error_message = "the log"
  }
  assert {
    condition     = alltrue([for s in aws_scheduler_schedule.audience : s.kms_key_arn == var.messaging_key_arn])
    error_message = "a schedule"
  }
  assert {
    condition = (
      one(aws_sfn_state_machine.starter.encryption_configuration).kms_key_id == var.messaging_key_arn &&
      one(aws_sfn_state_machine.starter.encryption_configuration).type == "CUSTOMER_MANAGED_KMS_KEY" &&
      !one(aws_sfn_state_machine.starter.logging_configuration).include_execution_data &&
      one(aws_sfn_state_machine.starter.logging_configuration).level == "ALL" &&
      one(aws_sfn_state_machine.starter.tracing_configuration).enabled
    )
    error_message = "the starter's history is not encrypted, its log has data, or it is not traced"
  }
}

run "nothing_is_lost" {
  command = plan

  assert {
    condition = alltrue([for target in concat(values(aws_cloudwatch_event_target.forward), values(aws_cloudwatch_event_target.start), [aws_cloudwatch_event_target.run_events]) :
      one(target.dead_letter_config).arn == aws_sqs_queue.undelivered.arn && one(target.retry_policy).maximum_event_age_in_seconds == 86400 && one(target.retry_policy).maximum_retry_attempts == 185
    ])
    error_message = "a target without retries or a dead-letter queue"
  }
  assert {
    condition     = alltrue([for s in aws_scheduler_schedule.audience : one(one(s.target).dead_letter_config).arn == aws_sqs_queue.undelivered.arn && one(one(s.target).retry_policy).maximum_event_age_in_seconds == 3600])
    error_message = "a schedule without retries or a dead-letter queue"
  }
  assert {
    condition     = one(aws_cloudwatch_event_bus.this.dead_letter_config).arn == aws_sqs_queue.undelivered.arn
    error_message = "the bus has no dead-letter queue"
  }
  assert {
    condition     = aws_cloudwatch_event_archive.this.retention_days == 90 && aws_cloudwatch_event_archive.this.event_source_arn == aws_cloudwatch_event_bus.this.arn && aws_cloudwatch_event_archive.this.event_pattern == null
    error_message = "the archive does not keep every event of the bus for 90 days"
  }
  assert {
    condition     = toset(keys(aws_sqs_queue_policy.this)) == toset(["undelivered", "run_events"])
    error_message = "a queue without a policy"
  }
}

run "rules" {
  command = plan

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.forward : rule.event_bus_name == null || rule.event_bus_name == "default"]) && alltrue([for target in aws_cloudwatch_event_target.forward : target.arn == aws_cloudwatch_event_bus.this.arn])
    error_message = "services send to the default bus only"
  }
  assert {
    condition = alltrue([for target in aws_cloudwatch_event_target.start :
      target.arn == aws_sfn_state_machine.starter.arn && target.event_bus_name == "cleanreach" && target.input == null && target.input_path == null && length(target.input_transformer) == 0
    ])
    error_message = "the starter must get whole events of the bus"
  }
  assert {
    condition     = alltrue([for rule in concat(values(aws_cloudwatch_event_rule.forward), values(aws_cloudwatch_event_rule.start), [aws_cloudwatch_event_rule.run_events]) : length(rule.event_pattern) <= 2048 && length(rule.name) <= 64])
    error_message = "EventBridge takes patterns of 2,048 characters and names of 64"
  }
  assert {
    condition     = aws_cloudwatch_event_rule.forward["markers"].event_pattern == aws_cloudwatch_event_rule.start["markers"].event_pattern
    error_message = "a marker that is forwarded must start something"
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.start["markers"].event_pattern) == {
      source = ["aws.s3"], "detail-type" = ["Object Created"],
      detail = { bucket = { name = [var.raw_bucket] }, object = { key = [{ suffix = "/_SUCCESS" }, "_SUCCESS"] } }
    }
    error_message = aws_cloudwatch_event_rule.start["markers"].event_pattern
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.forward["executions"].event_pattern).detail.stateMachineArn == [var.state_machine_arn, "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach-starter"]
    error_message = "executions of other state machines are not ours"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.forward["tasks"].event_pattern).detail == { clusterArn = [var.cluster_arn], lastStatus = ["STOPPED"] }
    error_message = "tasks of other clusters are not ours"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.run_events.event_pattern).source == ["cleanreach"]
    error_message = "run events are those of the state machine"
  }
}

run "schedules" {
  command = plan

  # Angle brackets as they are: Scheduler does not find an escaped \u003c.
  assert {
    condition     = one(aws_scheduler_schedule.audience["acme/vip"].target).input == "{\"audience\":\"vip\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\",\"tenant\":\"acme\"}"
    error_message = one(aws_scheduler_schedule.audience["acme/vip"].target).input
  }
  assert {
    condition     = alltrue([for s in aws_scheduler_schedule.audience : one(s.target).arn == aws_sfn_state_machine.starter.arn])
    error_message = "a schedule starts something else than the starter"
  }
  assert {
    condition = { for key, s in aws_scheduler_schedule.audience : key => "${s.group_name}/${s.name} ${s.schedule_expression} ${s.schedule_expression_timezone} ${s.state} ${one(s.flexible_time_window).mode} ${coalesce(one(s.flexible_time_window).maximum_window_in_minutes, 0)}" } == {
      "acme/vip"   = "cleanreach-acme/vip cron(0 5 ? * MON-FRI *) Europe/Berlin ENABLED FLEXIBLE 15"
      "acme/new"   = "cleanreach-acme/new rate(1 day) UTC ENABLED OFF 0"
      "globex/vip" = "cleanreach-globex/vip at(2026-12-01T05:00:00) UTC DISABLED OFF 0"
    }
    error_message = "schedules"
  }
  assert {
    condition     = { for tenant, group in aws_scheduler_schedule_group.tenant : tenant => group.tags } == { for tenant in ["acme", "globex"] : tenant => tomap({ Owner = "marketing", Module = "events", Tenant = tenant }) }
    error_message = "a group a tenant, with the tenant's tag"
  }
}

run "tags" {
  command = plan

  assert {
    condition = alltrue([for thing in concat([aws_cloudwatch_event_bus.this, aws_sqs_queue.undelivered, aws_sqs_queue.run_events, aws_sfn_state_machine.starter, aws_cloudwatch_log_group.starter, aws_cloudwatch_event_rule.run_events],
      values(aws_cloudwatch_event_rule.forward), values(aws_cloudwatch_event_rule.start), values(aws_iam_role.this)) : thing.tags == tomap({ Owner = "marketing", Module = "events" })
    ])
    error_message = "something without the tags"
  }
}

run "without_schedules" {
  command = plan
  variables {
    schedules = {}
  }

  assert {
    condition     = length(aws_scheduler_schedule.audience) == 0 && length(aws_scheduler_schedule_group.tenant) == 0
    error_message = "schedules out of nothing"
  }
}

# The longest names that a deployment may have.
run "longest_names" {
  command = plan
  variables {
    name = "cleanreach-marketing"
    schedules = {
      "a234567890123456789012345678901234567890/b234567890123456789012345678901234567890" = {
        tenant = "a234567890123456789012345678901234567890", audience = "b234567890123456789012345678901234567890", expression = "rate(2 hours)"
      }
    }
  }

  assert {
    condition     = alltrue([for group in aws_scheduler_schedule_group.tenant : length(group.name) <= 64]) && alltrue([for s in aws_scheduler_schedule.audience : length(s.name) <= 64])
    error_message = "Scheduler takes names of 64 characters"
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.this : length(role.name) <= 64]) && length(aws_cloudwatch_event_archive.this.name) <= 48
    error_message = "names are too long"
  }
}
