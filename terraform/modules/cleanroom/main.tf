# One collaboration of one tenant with one partner, and this account's membership in it. This account runs the queries and
# gets the results; the partner contributes a table.
#
# All of Clean Rooms is made by CloudFormation. The provider has collaboration and membership, but in it neither can a
# collaboration say its analytics engine, and so would get whichever is the default, nor who pays; and it has no analysis
# rule, no association and no template. One way for all is easier to understand than two.

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id

  # Clean Rooms gives a query's cost to the tags of the membership: one membership a partner is cost by tenant for nothing.
  tags = merge(var.tags, { Module = "cleanroom", Tenant = var.tenant })

  creates = var.collaboration.collaboration_id == null
  log     = var.collaboration.query_logs ? "ENABLED" : "DISABLED"

  # A hyphen of the left part counts double, so that a-b with c is another name than a with b-c.
  label = "${replace(var.tenant, "-", "--")}-${var.collaboration.name}"

  # CloudFormation takes names of 128 characters. The end of a longer one gives way to a part of its hash.
  full_stack_names = merge(
    { membership = "${var.name}-cleanroom-${local.label}" },
    { for name in keys(var.templates) : "template ${name}" => "${var.name}-template-${replace(local.label, "-", "--")}-${replace(name, "_", "-")}" },
  )
  stack_names = { for key, full in local.full_stack_names : key =>
    length(full) <= 128 ? full : "${substr(full, 0, 119)}-${substr(sha256(full), 0, 8)}"
  }

  collaboration = {
    Type = "AWS::CleanRooms::Collaboration"
    Properties = {
      Name                        = "${var.tenant}-${var.collaboration.name}"
      Description                 = var.collaboration.description
      AnalyticsEngine             = "SPARK"
      QueryLogStatus              = local.log
      CreatorDisplayName          = var.collaboration.display_name
      CreatorMemberAbilities      = ["CAN_QUERY", "CAN_RECEIVE_RESULTS"]
      CreatorPaymentConfiguration = { QueryCompute = { IsResponsible = !var.collaboration.partner_pays } }
      Members = [{
        AccountId            = var.collaboration.partner_account_id
        DisplayName          = var.collaboration.partner_name
        MemberAbilities      = [] # contributes data, and neither queries nor gets rows
        PaymentConfiguration = { QueryCompute = { IsResponsible = var.collaboration.partner_pays } }
      }]
    }
  }

  # No default result configuration: the state machine says with every query where its result goes, and cancels a query
  # before the 12 hours are over after which Clean Rooms needs a role of its own to deliver.
  membership = {
    Type = "AWS::CleanRooms::Membership"
    Properties = {
      CollaborationIdentifier = local.collaboration_id
      QueryLogStatus          = local.log
      PaymentConfiguration    = { QueryCompute = { IsResponsible = !var.collaboration.partner_pays } }
    }
  }

  # By way of JSON, since it is an object or a text.
  collaboration_id = jsondecode(local.creates ? jsonencode({ "Fn::GetAtt" = ["Collaboration", "CollaborationIdentifier"] }) : jsonencode(var.collaboration.collaboration_id))
}

resource "aws_cloudformation_stack" "membership" {
  name = local.stack_names.membership
  tags = local.tags

  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Clean Rooms collaboration of ${var.tenant} with ${var.collaboration.partner_name}"
    Resources                = merge({ Membership = local.membership }, local.creates ? { Collaboration = local.collaboration } : {})
    Outputs = {
      CollaborationIdentifier = { Value = local.collaboration_id }
      MembershipArn           = { Value = { "Fn::GetAtt" = ["Membership", "Arn"] } }
      MembershipIdentifier    = { Value = { "Fn::GetAtt" = ["Membership", "MembershipIdentifier"] } }
    }
  })

  # Most of a collaboration cannot be changed, and CloudFormation would make another in its place: the partner's membership
  # and all that hangs on it would be gone. So an update that would do that is refused. Destroying the stack is not.
  policy_body = jsonencode({
    Statement = [
      { Effect = "Allow", Action = "Update:*", Principal = "*", Resource = "*" },
      {
        Effect    = "Deny"
        Action    = ["Update:Replace", "Update:Delete"]
        Principal = "*"
        Resource  = ["LogicalResourceId/Collaboration", "LogicalResourceId/Membership"]
      },
    ]
  })

  lifecycle {
    precondition {
      condition     = var.collaboration.partner_account_id != local.account
      error_message = "collaboration.partner_account_id is this account: the partner's tables must be in another."
    }
  }
}

locals {
  membership_id = aws_cloudformation_stack.membership.outputs["MembershipIdentifier"]

  # The memberships by whose right Clean Rooms looks at our tables' columns: the partner's too, from when it is known.
  memberships = merge(
    { (local.membership_id) = local.account },
    var.collaboration.partner_membership_id == null ? {} : { (var.collaboration.partner_membership_id) = var.collaboration.partner_account_id },
  )
}
