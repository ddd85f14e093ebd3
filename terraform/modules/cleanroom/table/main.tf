# A Glue table in a collaboration: the configured table with its analysis rule, its association with the rule for results,
# and the role by which Clean Rooms reads it. Both sides of a collaboration use this module: what we show the partner is
# made as what the partner shows us.

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  account   = data.aws_caller_identity.current.account_id

  allowed_columns = var.rule.type == "LIST" ? concat(var.rule.join_columns, var.rule.list_columns) : var.columns

  # Of the two only the one of the rule's type is in the template.
  policies = {
    List = {
      JoinColumns          = var.rule.join_columns
      ListColumns          = var.rule.list_columns
      AllowedJoinOperators = var.rule.join_operators
      AdditionalAnalyses   = "NOT_ALLOWED"
    }
    Custom = merge(
      {
        AllowedAnalyses         = { Ref = "AllowedAnalyses" } # ARNs of templates that may not exist yet
        DisallowedOutputColumns = var.rule.disallowed_output_columns
        AdditionalAnalyses      = "NOT_ALLOWED"
      },
      length(var.rule.analysis_providers) == 0 ? {} : { AllowedAnalysisProviders = var.rule.analysis_providers },
    )
  }

  template = {
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "${var.association_name} in a Clean Rooms collaboration"
    Parameters = merge(
      { MembershipIdentifier = { Type = "String" }, RoleArn = { Type = "String" } },
      var.rule.type == "CUSTOM" ? { AllowedAnalyses = { Type = "CommaDelimitedList" } } : {},
    )
    Resources = {
      ConfiguredTable = {
        Type = "AWS::CleanRooms::ConfiguredTable"
        Properties = {
          Name           = var.name
          Description    = var.description
          TableReference = { Glue = { DatabaseName = var.database_name, TableName = var.table_name } }
          AllowedColumns = local.allowed_columns
          AnalysisMethod = "DIRECT_QUERY"
          AnalysisRules = [{
            Type   = var.rule.type
            Policy = { V1 = { for kind, policy in local.policies : kind => policy if upper(kind) == var.rule.type } }
          }]
        }
      }
      Association = {
        Type = "AWS::CleanRooms::ConfiguredTableAssociation"
        Properties = {
          Name                      = var.association_name
          Description               = var.description
          ConfiguredTableIdentifier = { "Fn::GetAtt" = ["ConfiguredTable", "ConfiguredTableIdentifier"] }
          MembershipIdentifier      = { Ref = "MembershipIdentifier" }
          RoleArn                   = { Ref = "RoleArn" }
          ConfiguredTableAssociationAnalysisRules = [{
            Type   = var.rule.type
            Policy = { V1 = { (title(lower(var.rule.type))) = { AllowedResultReceivers = var.result_receivers } } }
          }]
        }
      }
    }
    Outputs = {
      ConfiguredTableIdentifier = { Value = { "Fn::GetAtt" = ["ConfiguredTable", "ConfiguredTableIdentifier"] } }
      AssociationIdentifier     = { Value = { "Fn::GetAtt" = ["Association", "ConfiguredTableAssociationIdentifier"] } }
    }
  }
}

# The provider has no analysis rule and no association. Its configured table is not mixed in: CloudFormation's rule is a
# part of CloudFormation's table.
resource "aws_cloudformation_stack" "this" {
  name          = var.name
  template_body = jsonencode(local.template)
  tags          = var.tags

  parameters = merge(
    { MembershipIdentifier = var.membership_id, RoleArn = aws_iam_role.this.arn },
    var.rule.type == "CUSTOM" ? { AllowedAnalyses = join(",", var.rule.allowed_analyses) } : {},
  )

  lifecycle {
    precondition {
      condition     = length(jsonencode(local.template)) <= 51200
      error_message = "The table ${var.association_name} has too many columns for one CloudFormation template (51,200 bytes): give fewer of them to the collaboration."
    }
  }

  # Clean Rooms tries the role when it takes the association.
  depends_on = [aws_iam_role_policy.this]
}
