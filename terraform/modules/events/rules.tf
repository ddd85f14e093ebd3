# Services send their events to the account's default bus only. What matters here is forwarded to ours, where it is archived
# and where one set of rules is enough.
locals {
  markers = {
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    detail = {
      bucket = { name = [var.raw_bucket] }
      # Also a marker outside of any folder: the starter tells that it is in the wrong place.
      object = { key = [{ suffix = "/_SUCCESS" }, "_SUCCESS"] }
    }
  }

  forwarded = {
    markers = {
      description = "Marker objects in ${var.raw_bucket}"
      pattern     = local.markers
    }
    # Child executions of the Map are another state machine to this event, and are not meant: the run counts its chunks.
    executions = {
      description = "Ends of executions of ${var.state_machine_name} and ${local.starter_name}"
      pattern = {
        source        = ["aws.states"]
        "detail-type" = ["Step Functions Execution Status Change"]
        detail = {
          stateMachineArn = [var.state_machine_arn, local.starter_arn]
          status          = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
        }
      }
    }
    # Best effort on AWS's side: for the archive and for alarms, never what a run waits for.
    queries = {
      description = "Clean Rooms, such as the end of a protected query"
      pattern     = { source = ["aws.cleanrooms"] }
    }
    tasks = {
      description = "Tasks that stopped, with the reason"
      pattern = {
        source        = ["aws.ecs"]
        "detail-type" = ["ECS Task State Change"]
        detail        = { clusterArn = [var.cluster_arn], lastStatus = ["STOPPED"] }
      }
    }
  }

  starting = {
    markers = {
      description = "A marker starts a run"
      pattern     = local.markers
    }
    requests = {
      description = "An event from anybody who may put one starts a run"
      pattern     = { "detail-type" = ["Run Requested"] }
    }
  }

  # Of all rules whose targets have the undelivered queue.
  rule_arns = [for rule in concat(values(aws_cloudwatch_event_rule.forward), values(aws_cloudwatch_event_rule.start), [aws_cloudwatch_event_rule.run_events]) : rule.arn]
}

resource "aws_cloudwatch_event_rule" "forward" {
  for_each = local.forwarded

  name          = "${var.name}-forward-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "forward" {
  for_each = local.forwarded

  rule      = aws_cloudwatch_event_rule.forward[each.key].name
  target_id = "bus"
  arn       = aws_cloudwatch_event_bus.this.arn
  role_arn  = aws_iam_role.this["forward"].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

resource "aws_cloudwatch_event_rule" "start" {
  for_each = local.starting

  name           = "${var.name}-start-${each.key}"
  description    = each.value.description
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = jsonencode(each.value.pattern)
  tags           = local.tags
}

# The event goes in whole: a rule cannot name an execution, and what it would pick out of the event may not be there.
resource "aws_cloudwatch_event_target" "start" {
  for_each = local.starting

  rule           = aws_cloudwatch_event_rule.start[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "starter"
  arn            = aws_sfn_state_machine.starter.arn
  role_arn       = aws_iam_role.this["start"].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

# What came of runs, for whoever reads the queue. A replay arrives there too, with the field replay-name.
resource "aws_cloudwatch_event_rule" "run_events" {
  name           = "${var.name}-run-events"
  description    = "Runs that completed or failed"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = jsonencode({ source = ["cleanreach"], "detail-type" = ["Run Completed", "Run Failed"] })
  tags           = local.tags
}

resource "aws_cloudwatch_event_target" "run_events" {
  rule           = aws_cloudwatch_event_rule.run_events.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "queue"
  arn            = aws_sqs_queue.run_events.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}
