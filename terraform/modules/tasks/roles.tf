# ECS may take these roles for tasks of this account and region, and nobody else may.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:*"]
    }
  }
}

resource "aws_iam_role" "stage" {
  for_each = local.stages

  name               = "${var.name}-${each.key}"
  description        = "The code of CleanReach's stage ${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = merge(local.tags, { Stage = each.key })
}

data "aws_iam_policy_document" "stage" {
  for_each = local.stages

  dynamic "statement" {
    for_each = local.statements[each.key]

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role_policy" "stage" {
  for_each = local.stages

  name   = "stage"
  role   = aws_iam_role.stage[each.key].id
  policy = data.aws_iam_policy_document.stage[each.key].json
}

# The execution role is ECS's own, before and around the container: it pulls the image and writes the log. The code in the
# container cannot use it.
locals {
  execution_statements = [
    # It has no resource: the token is for the account's registry, and what it opens is decided below.
    { sid = "LogInToRegistry", actions = ["ecr:GetAuthorizationToken"], resources = ["*"] },
    { sid = "PullImage", actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], resources = [aws_ecr_repository.tasks.arn] },
    { sid = "WriteLog", actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = [for group in aws_cloudwatch_log_group.stage : "${group.arn}:log-stream:*"] },
  ]
}

data "aws_iam_policy_document" "execution" {
  dynamic "statement" {
    for_each = local.execution_statements

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "ECS itself, to start CleanReach's tasks"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = local.tags
}

resource "aws_iam_role_policy" "execution" {
  name   = "execution"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}
