# What ended badly is told to people. A failed run says it itself, with its class; an execution that was aborted or took too
# long cannot, so Step Functions' own events are told too.
locals {
  alerts = {
    run-failed = {
      description = "Tells people of runs that failed, in words."
      pattern = {
        source      = ["cleanreach"]
        detail-type = ["Run Failed"]
      }
      paths = {
        tenant    = "$.detail.tenant"
        audience  = "$.detail.audience"
        run       = "$.detail.run"
        stage     = "$.detail.stage"
        class     = "$.detail.class"
        execution = "$.detail.execution"
      }
      # Not the message: it may quote names with quotation marks, which would break the template. The execution has it.
      lines = [
        "CleanReach: the run <run> of <tenant>/<audience> failed in <stage>. The class of the failure is <class>.",
        "Why, and what to do about it, is the cause of the execution:",
        "${local.console}/states/home?region=${local.region}#/v2/executions/details/<execution>",
        "What each class means, and how to continue the run: ${var.runbook_url}#run-failed",
      ]
    }
    execution-ended = {
      description = "Tells people of executions that failed, were aborted or took too long, when they may not have said so themselves."
      pattern = {
        source      = ["aws.states"]
        detail-type = ["Step Functions Execution Status Change"]
        detail = {
          status          = ["FAILED", "TIMED_OUT", "ABORTED"]
          stateMachineArn = [var.state_machine_arn, var.starter_arn]
        }
      }
      # Never input, output or cause, which may name customers' files.
      paths = {
        name      = "$.detail.name"
        machine   = "$.detail.stateMachineArn"
        status    = "$.detail.status"
        execution = "$.detail.executionArn"
      }
      lines = [
        "CleanReach: the execution <name> of <machine> ended as <status>.",
        "${local.console}/states/home?region=${local.region}#/v2/executions/details/<execution>",
        "What to do: ${var.runbook_url}#execution-ended",
      ]
    }
  }
}

resource "aws_cloudwatch_event_rule" "alerts" {
  for_each = local.alerts

  name           = "${var.name}-${each.key}"
  description    = each.value.description
  event_bus_name = var.event_bus_name
  # A replay from the archive tells nobody again of what they know.
  event_pattern = jsonencode(merge(each.value.pattern, { replay-name = [{ exists = false }] }))
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "alerts" {
  for_each = local.alerts

  rule           = aws_cloudwatch_event_rule.alerts[each.key].name
  event_bus_name = var.event_bus_name
  target_id      = "people"
  arn            = aws_sns_topic.alerts.arn

  input_transformer {
    input_paths = each.value.paths
    # A string a line. jsonencode would turn the brackets of the placeholders into escapes, and the lines need none.
    input_template = join("\n", [for line in each.value.lines : "\"${line}\""])
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = local.undelivered_queue_arn
  }

  depends_on = [aws_sns_topic_policy.alerts]
}
