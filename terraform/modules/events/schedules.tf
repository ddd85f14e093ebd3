# A group a tenant: schedules take no tags, groups do.
resource "aws_scheduler_schedule_group" "tenant" {
  for_each = toset([for s in var.schedules : s.tenant])

  name = "${var.name}-${each.key}"
  tags = merge(local.tags, { Tenant = each.key })
}

locals {
  # Scheduler puts the planned time in place of this word, wherever it finds it in the input. It must find it as it is:
  # jsonencode alone would write the angle brackets as \u003c and \u003e.
  scheduled_time = "<aws.scheduler.scheduled-time>"
  inputs = { for key, s in var.schedules : key =>
    replace(jsonencode({ tenant = s.tenant, audience = s.audience, scheduled_time = "TIME" }), "\"TIME\"", "\"${local.scheduled_time}\"")
  }
}

resource "aws_scheduler_schedule" "audience" {
  for_each = var.schedules

  name                         = each.value.audience
  group_name                   = aws_scheduler_schedule_group.tenant[each.value.tenant].name
  description                  = "Runs ${each.key}"
  schedule_expression          = each.value.expression
  schedule_expression_timezone = each.value.timezone
  state                        = each.value.enabled ? "ENABLED" : "DISABLED"
  kms_key_arn                  = var.messaging_key_arn

  flexible_time_window {
    mode                      = each.value.window_minutes > 0 ? "FLEXIBLE" : "OFF"
    maximum_window_in_minutes = each.value.window_minutes > 0 ? each.value.window_minutes : null
  }

  target {
    arn      = aws_sfn_state_machine.starter.arn
    role_arn = aws_iam_role.this["schedule"].arn
    input    = local.inputs[each.key]

    # An hour later the next run is better than this one.
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 60
    }
    dead_letter_config {
      arn = aws_sqs_queue.undelivered.arn
    }
  }
}
