# Four roles, each for one service and one thing. What they may do stands here as data, so that a test can look at it.
locals {
  roles = {
    forward = {
      description = "EventBridge, to forward events from the default bus to ours"
      service     = "events.amazonaws.com"
      source_arns = [for rule in aws_cloudwatch_event_rule.forward : rule.arn]
      statements = [
        { sid = "PutEvents", actions = ["events:PutEvents"], resources = [aws_cloudwatch_event_bus.this.arn] },
      ]
    }
    start = {
      description = "EventBridge, to start the starter"
      service     = "events.amazonaws.com"
      source_arns = [for rule in aws_cloudwatch_event_rule.start : rule.arn]
      statements = [
        { sid = "StartStarter", actions = ["states:StartExecution"], resources = [local.starter_arn] },
      ]
    }
    schedule = {
      description = "Scheduler, to start the starter"
      service     = "scheduler.amazonaws.com"
      # The groups and not the schedules: that is what Scheduler names when it takes a role.
      source_arns = ["arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${var.name}-*"]
      statements = [
        { sid = "StartStarter", actions = ["states:StartExecution"], resources = [local.starter_arn] },
        { sid = "SendUndelivered", actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.undelivered.arn] },
        # To read a schedule, and to send to the queue.
        { sid = "UseMessagingKey", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.messaging_key_arn] },
      ]
    }
    starter = {
      description = "The starter"
      service     = "states.amazonaws.com"
      source_arns = [local.starter_arn]
      statements = [
        { sid = "StartRun", actions = ["states:StartExecution"], resources = [var.state_machine_arn] },
        # To ask for an object's metadata is s3:GetObject to IAM.
        { sid = "FindAudience", actions = ["s3:GetObject"], resources = ["${var.work_bucket_arn}/audiences/*"] },
        # Without it S3 answers 403 for an audience that is not there, and a slip would look like a fault. A condition on
        # s3:prefix would not do: a question for one object has none.
        { sid = "TellMissingFromForbidden", actions = ["s3:ListBucket"], resources = [var.work_bucket_arn] },
        # For the checksum, should S3 be asked for it.
        { sid = "UseDataKey", actions = ["kms:Decrypt"], resources = [var.data_key_arn] },
        { sid = "SendUndelivered", actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.undelivered.arn] },
        # Its definition, history and log, and the queue.
        { sid = "UseMessagingKey", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.messaging_key_arn] },
        # AWS has no resources for these.
        {
          sid = "DeliverLog"
          actions = [
            "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
          ]
          resources = ["*"]
        },
        {
          sid       = "Trace"
          actions   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
          resources = ["*"]
        },
      ]
    }
  }
}

# Each service may take its role for what is ours, and for nobody else's.
data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value.service]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = each.value.source_arns
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name               = "${var.name}-${each.key}"
  description        = each.value.description
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
  tags               = local.tags
}

data "aws_iam_policy_document" "role" {
  for_each = local.roles

  dynamic "statement" {
    for_each = each.value.statements

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.key
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.role[each.key].json
}
