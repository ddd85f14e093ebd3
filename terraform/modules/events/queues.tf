# What EventBridge or Scheduler could not deliver, and what the starter refused, each with its reason. Somebody must look:
# the module observability has an alarm on it.
resource "aws_sqs_queue" "undelivered" {
  name                              = "${var.name}-undelivered"
  kms_master_key_id                 = var.messaging_key_arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = 1209600 # 14 days, the longest that SQS keeps
  tags                              = local.tags
}

# What came of every run, for consumers of the user's. Nothing here reads it.
resource "aws_sqs_queue" "run_events" {
  name                              = "${var.name}-run-events"
  kms_master_key_id                 = var.messaging_key_arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = 1209600
  tags                              = local.tags
}

locals {
  # Who EventBridge may send for; beside the rules here, any rule of the bus, as those by which the module observability tells
  # people. Scheduler and the starter send with roles of their own, which have it in their policies.
  queues = {
    undelivered = {
      queue   = aws_sqs_queue.undelivered
      senders = concat([aws_cloudwatch_event_bus.this.arn, "${replace(aws_cloudwatch_event_bus.this.arn, ":event-bus/", ":rule/")}/*"], local.rule_arns)
    }
    run_events = {
      queue   = aws_sqs_queue.run_events
      senders = [aws_cloudwatch_event_rule.run_events.arn]
    }
  }
}

data "aws_iam_policy_document" "queue" {
  for_each = local.queues

  statement {
    sid       = "EventBridge"
    actions   = ["sqs:SendMessage"]
    resources = [each.value.queue.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = each.value.senders
    }
  }

  statement {
    sid       = "OnlyByTLS"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value.queue.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = local.queues

  queue_url = each.value.queue.url
  policy    = data.aws_iam_policy_document.queue[each.key].json
}
