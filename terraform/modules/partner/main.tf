# The partner's side of a collaboration: a membership, and one table that takes part. It needs nothing else of this
# repository but the module that makes such a table.

data "aws_caller_identity" "current" {}

locals {
  tags    = merge(var.tags, { Module = "partner" })
  account = data.aws_caller_identity.current.account_id
  name    = "${var.name}-partner"
}

# By CloudFormation, as all of Clean Rooms here: the provider has no analysis rule and no association.
resource "aws_cloudformation_stack" "membership" {
  name = "${local.name}-membership"
  tags = local.tags

  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Membership in a Clean Rooms collaboration"
    Resources = {
      Membership = {
        Type = "AWS::CleanRooms::Membership"
        Properties = {
          CollaborationIdentifier = var.collaboration_id
          QueryLogStatus          = var.query_logs ? "ENABLED" : "DISABLED"
          PaymentConfiguration    = { QueryCompute = { IsResponsible = var.pays } }
        }
      }
    }
    Outputs = {
      MembershipArn        = { Value = { "Fn::GetAtt" = ["Membership", "Arn"] } }
      MembershipIdentifier = { Value = { "Fn::GetAtt" = ["Membership", "MembershipIdentifier"] } }
    }
  })

  # A membership in another collaboration is another membership, without this one's table: no update may do that unasked.
  policy_body = jsonencode({
    Statement = [
      { Effect = "Allow", Action = "Update:*", Principal = "*", Resource = "*" },
      { Effect = "Deny", Action = ["Update:Replace", "Update:Delete"], Principal = "*", Resource = "LogicalResourceId/Membership" },
    ]
  })

  lifecycle {
    precondition {
      condition     = var.runner_account_id != local.account
      error_message = "runner_account_id is this account: apply this module in the partner's."
    }
  }
}

locals {
  membership_id = aws_cloudformation_stack.membership.outputs["MembershipIdentifier"]
  reviewed      = length(var.template_arns) > 0
}

module "table" {
  source = "../cleanroom/table"

  name                 = "${local.name}-table"
  description          = var.table.description
  membership_id        = local.membership_id
  runner_membership_id = var.runner_membership_id
  memberships          = { (local.membership_id) = local.account, (var.runner_membership_id) = var.runner_account_id }
  association_name     = coalesce(var.table.association_name, var.table.table_name)
  database_name        = var.table.database_name
  table_name           = var.table.table_name
  columns              = concat(var.table.match_columns, var.table.output_columns)
  result_receivers     = [var.runner_account_id]
  bucket_arn           = var.table.bucket_arn
  object_keys          = var.table.object_keys
  key_arns             = var.table.key_arns
  tags                 = local.tags

  rule = {
    type                      = local.reviewed ? "CUSTOM" : "LIST"
    join_columns              = local.reviewed ? [] : var.table.match_columns
    list_columns              = local.reviewed ? [] : var.table.output_columns
    allowed_analyses          = var.template_arns
    disallowed_output_columns = local.reviewed ? var.table.match_columns : []
  }
}
