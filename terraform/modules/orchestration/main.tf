data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  account   = data.aws_caller_identity.current.account_id
  tags      = merge(var.tags, { Module = "orchestration" })

  # From the name and not from the resource: the role must know it before there is one, for a Distributed Map starts the
  # state machine itself.
  state_machine_arn = "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${var.name}"
  executions        = "arn:${local.partition}:states:${local.region}:${local.account}:execution:${var.name}"
  map_machine_arn   = "${local.state_machine_arn}/${local.map_label}" # the Map's children call themselves so
}

# Without a version: whoever starts a run means what was applied last. A run under way keeps the definition that it began
# with in any case, and the text of older ones is in version control.
resource "aws_sfn_state_machine" "audience" {
  name       = var.name
  role_arn   = aws_iam_role.state_machine.arn
  type       = "STANDARD"
  definition = local.definition
  publish    = false
  tags       = local.tags

  # All levels, as a run is a few hundred lines: which state was when, for longer than the 90 days that Step Functions
  # remembers. Without data: what flows between states has no people in it, but names tenants, and a Cause may quote
  # what an API said.
  logging_configuration {
    level                  = "ALL"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.state_machine.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # The longest reuse of a data key: a run has few states, a Map thousands, and each key is a call to KMS.
  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.messaging_key_arn
    kms_data_key_reuse_period_seconds = 900
  }

  # Step Functions tries out what the role may when the state machine is made.
  depends_on = [aws_iam_role_policy.state_machine, aws_iam_role_policy_attachment.queries]

  lifecycle {
    precondition {
      condition     = !strcontains(local.definition, "$${")
      error_message = "The rendered definition has a placeholder left. Give it its value in definition.tf, and in statemachine.Values."
    }
  }
}

# The name begins so because AWS writes into such groups under a policy of its own: others count against the ten resource
# policies of a region.
resource "aws_cloudwatch_log_group" "state_machine" {
  name              = "/aws/vendedlogs/states/${var.name}"
  kms_key_id        = var.logs_key_arn
  retention_in_days = var.log_retention_days
  tags              = local.tags
}
