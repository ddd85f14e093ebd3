# Step Functions may take this role for this state machine, and for the child machines of its Map.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.state_machine_arn, local.map_machine_arn]
    }
  }
}

# Two policies, because a role's own ones hold 10,240 characters: queries have one for themselves, which grows with the
# memberships.
data "aws_iam_policy_document" "state_machine" {
  for_each = { state-machine = local.statements, queries = local.query_statements }

  dynamic "statement" {
    for_each = each.value

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

resource "aws_iam_role" "state_machine" {
  name               = "${var.name}-state-machine"
  description        = "CleanReach's state machine"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = local.tags
}

resource "aws_iam_role_policy" "state_machine" {
  name   = "state-machine"
  role   = aws_iam_role.state_machine.id
  policy = data.aws_iam_policy_document.state_machine["state-machine"].json
}

resource "aws_iam_policy" "queries" {
  count = length(local.query_statements) > 0 ? 1 : 0

  name        = "${var.name}-queries"
  description = "Protected queries of CleanReach's state machine"
  policy      = data.aws_iam_policy_document.state_machine["queries"].json
  tags        = local.tags
}

resource "aws_iam_role_policy_attachment" "queries" {
  count = length(aws_iam_policy.queries)

  role       = aws_iam_role.state_machine.name
  policy_arn = aws_iam_policy.queries[count.index].arn
}
