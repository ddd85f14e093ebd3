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
  event_rules = { cleanreach-forward = "default", cleanreach-marker = "cleanreach" }
  tenants     = { acme = { no_success_hours = 25 }, zoo = {} }
  emails      = ["oncall@example.com"]
  runbook_url = "https://example.com/runbook"
}

run "topic_is_encrypted_and_subscribed" {
  command = plan

  assert {
    condition     = aws_sns_topic.alerts.kms_master_key_id == var.messaging_key_arn && aws_sns_topic.alerts.tags == tomap({ Module = "observability" })
    error_message = "the topic has another key, or no tag"
  }

  assert {
    condition     = [for s in aws_sns_topic_subscription.email : "${s.protocol}:${s.endpoint}"] == ["email:oncall@example.com"]
    error_message = "the address is not subscribed"
  }
}

run "topic_is_for_services_that_act_for_this_account" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(data.aws_iam_policy_document.topic.json).Statement) == jsonencode([
      {
        Sid       = "OnlyTLS", Effect = "Deny", Action = "sns:Publish", Resource = "arn:aws:sns:eu-central-1:111122223333:cleanreach-alerts"
        Principal = { AWS = "*" }
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "Alarms", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-central-1:111122223333:cleanreach-alerts"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Condition = {
          ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:cleanreach-*" }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      },
      # EventBridge takes no condition: with one, no message would come.
      {
        Sid       = "Rules", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-central-1:111122223333:cleanreach-alerts"
        Principal = { Service = "events.amazonaws.com" }
      },
      {
        Sid       = "Budgets", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-central-1:111122223333:cleanreach-alerts"
        Principal = { Service = "budgets.amazonaws.com" }
        Condition = {
          ArnLike      = { "aws:SourceArn" = "arn:aws:budgets::111122223333:*" }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      },
    ])
    error_message = data.aws_iam_policy_document.topic.json
  }
}

run "there_is_an_alarm_for_each_trouble" {
  command = plan

  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset([
      "executions-failed", "executions-timed-out", "executions-aborted", "executions-throttled", "chunks-failed", "starter-failed",
      "dead-letter-messages", "undelivered-messages", "oldest-dead-letter", "oldest-undelivered", "metrics-unreadable", "metrics-invalid",
      "rule-forward", "rule-marker", "rule-run-failed", "rule-execution-ended",
      "invalid-ratio-acme", "invalid-ratio-zoo", "token-expiry-acme", "token-expiry-zoo", "no-success-acme",
    ])
    error_message = join(" ", keys(aws_cloudwatch_metric_alarm.this))
  }

  assert {
    condition = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.this :
      alarm.alarm_name == "cleanreach-${key}" && alarm.tags == tomap({ Module = "observability" })
      && strcontains(alarm.alarm_description, " https://example.com/runbook#") && length(alarm.alarm_description) <= 1024
    ])
    error_message = "an alarm does not link the runbook"
  }

  # CloudWatch takes ten metrics in an alarm's expression, and one result.
  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : (
      length([for q in alarm.metric_query : q if length(q.metric) == 1]) <= 10
      && length([for q in alarm.metric_query : q if q.return_data]) == 1
      && alarm.evaluation_periods * max(flatten([for q in alarm.metric_query : [for m in q.metric : m.period]])...) <= 604800
    )])
    error_message = "CloudWatch would refuse an alarm"
  }

  assert {
    condition     = output.alarm_names == sort([for key in keys(aws_cloudwatch_metric_alarm.this) : "cleanreach-${key}"])
    error_message = join(" ", output.alarm_names)
  }
}

run "no_success_looks_at_every_hour" {
  command = plan

  assert {
    condition = [for a in [aws_cloudwatch_metric_alarm.this["no-success-acme"]] : [a.evaluation_periods, a.comparison_operator, a.threshold, a.treat_missing_data]][0] == [
    25, "LessThanThreshold", 1, "breaching"]
    error_message = "an hour without a run that ended well must count, whether or not there was a run"
  }

  assert {
    condition = one([for q in aws_cloudwatch_metric_alarm.this["no-success-acme"].metric_query : one([for m in q.metric : [m.metric_name, m.stat, m.period, m.dimensions]])]) == [
    "RunsCompleted", "Sum", 3600, tomap({ Tenant = "acme", Stage = "report" })]
    error_message = "it looks at something else"
  }
}

run "tenants_alarms_hold_until_the_next_run" {
  command = plan

  variables {
    invalid_ratio = 0.1
    token_days    = 7
  }

  assert {
    condition = alltrue([for key in ["invalid-ratio-zoo", "token-expiry-zoo"] : (
      aws_cloudwatch_metric_alarm.this[key].treat_missing_data == "ignore" && aws_cloudwatch_metric_alarm.this[key].evaluation_periods == 1
    )])
    error_message = "runs may be days apart"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["invalid-ratio-zoo"].threshold == 0.1 && strcontains(aws_cloudwatch_metric_alarm.this["invalid-ratio-zoo"].alarm_description, "10 %")
    error_message = aws_cloudwatch_metric_alarm.this["invalid-ratio-zoo"].alarm_description
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["token-expiry-zoo"].threshold == 7 && aws_cloudwatch_metric_alarm.this["token-expiry-zoo"].comparison_operator == "LessThanThreshold"
    error_message = aws_cloudwatch_metric_alarm.this["token-expiry-zoo"].alarm_description
  }
}

run "run_events_are_watched_when_somebody_reads_them" {
  command = plan

  variables {
    run_events_are_read  = true
    oldest_message_hours = 6
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["oldest-run-event"].threshold == 6 * 3600
    error_message = "another age"
  }
}

run "rules_of_the_default_bus_are_counted_by_their_name_alone" {
  command = plan

  assert {
    condition = alltrue(flatten([for rule, dimensions in {
      forward = { RuleName = "cleanreach-forward" }, marker = { RuleName = "cleanreach-marker", EventBusName = "cleanreach" }
      } : [for q in aws_cloudwatch_metric_alarm.this["rule-${rule}"].metric_query : [for m in q.metric : m.dimensions == tomap(dimensions)]]
    ]))
    error_message = "AWS counts the failures of these rules under other dimensions"
  }
}

run "people_are_told_what_ended_badly_and_once" {
  command = plan

  assert {
    condition = alltrue([for rule in aws_cloudwatch_event_rule.alerts : (
      rule.event_bus_name == "cleanreach" && jsonencode(jsondecode(rule.event_pattern).replay-name) == "[{\"exists\":false}]"
    )])
    error_message = "a replay would tell everybody again"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.alerts["execution-ended"].event_pattern).detail == {
      status          = ["FAILED", "TIMED_OUT", "ABORTED"]
      stateMachineArn = [var.state_machine_arn, var.starter_arn]
    }
    error_message = aws_cloudwatch_event_rule.alerts["execution-ended"].event_pattern
  }

  assert {
    condition = alltrue([for target in aws_cloudwatch_event_target.alerts : (
      one(target.dead_letter_config).arn == "arn:aws:sqs:eu-central-1:111122223333:cleanreach-undelivered"
      && one(target.retry_policy).maximum_retry_attempts == 185
    )])
    error_message = "a message that cannot be delivered is lost"
  }

  # Each line is a string of its own without quotation marks inside, and each name in brackets is a path.
  assert {
    condition = alltrue(flatten([for target in aws_cloudwatch_event_target.alerts : [for t in target.input_transformer : [
      [for line in split("\n", t.input_template) : can(regex("^\"[^\"\\\\]+\"$", line))],
      [for name in distinct(regexall("<([a-z]+)>", t.input_template)) : contains(keys(t.input_paths), name[0])],
      toset(flatten(regexall("<([a-z]+)>", t.input_template))) == toset(keys(t.input_paths)),
    ]]]))
    error_message = "EventBridge would refuse a message's template"
  }

  # What may name customers' files or quote somebody stays out of mailboxes.
  assert {
    condition = alltrue(flatten([for target in aws_cloudwatch_event_target.alerts : [for t in target.input_transformer : [
      for path in values(t.input_paths) : !can(regex("message|cause|error|input|output", path))
    ]]]))
    error_message = "a message carries more than names"
  }
}

run "queries_look_at_the_tasks_logs" {
  command = plan

  assert {
    condition     = alltrue([for q in aws_cloudwatch_query_definition.this : length(q.log_group_names) > 0 && alltrue([for name in q.log_group_names : startswith(name, "/cleanreach/")])])
    error_message = "a query looks elsewhere"
  }
}

run "links_are_of_the_region" {
  command = plan

  assert {
    condition     = output.dashboard_url == "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards/dashboard/cleanreach" && output.dashboard_name == "cleanreach"
    error_message = output.dashboard_url
  }
}
