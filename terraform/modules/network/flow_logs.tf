# Who spoke to whom, for the day when that is asked.
resource "aws_cloudwatch_log_group" "flow" {
  count = local.own ? 1 : 0

  name              = "/${var.name}/flow-logs"
  retention_in_days = var.flow_log_retention_days
  kms_key_id        = var.logs_key_arn
  tags              = local.tags
}

resource "aws_flow_log" "this" {
  count = local.own ? 1 : 0

  vpc_id          = aws_vpc.this[0].id
  traffic_type    = "ALL"
  log_destination = aws_cloudwatch_log_group.flow[0].arn
  iam_role_arn    = aws_iam_role.flow[0].arn
  tags            = merge(local.tags, { Name = var.name })

  # The role must be able to write when the flow log is made.
  depends_on = [aws_iam_role_policy.flow]
}

resource "aws_iam_role" "flow" {
  count = local.own ? 1 : 0

  name               = "${var.name}-flow-logs"
  description        = "VPC flow logs into their log group"
  assume_role_policy = data.aws_iam_policy_document.flow_trust.json
  tags               = local.tags
}

# Flow logs of this account only: without it another account's flow log could write as this role.
data "aws_iam_policy_document" "flow_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ec2:${local.region}:${local.account}:vpc-flow-log/*"]
    }
  }
}

resource "aws_iam_role_policy" "flow" {
  count = local.own ? 1 : 0

  name   = "write"
  role   = aws_iam_role.flow[0].id
  policy = data.aws_iam_policy_document.flow.json
}

data "aws_iam_policy_document" "flow" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"]
    resources = [local.flow_log_group_arn, "${local.flow_log_group_arn}:*"]
  }
}

locals {
  flow_log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/${var.name}/flow-logs"
}
