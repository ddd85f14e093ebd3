# The provider itself renders the policies, without credentials and without a connection.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "444455556666" }
}

override_data {
  target = module.table.data.aws_caller_identity.current
  values = { account_id = "444455556666" }
}

override_resource {
  target          = aws_cloudformation_stack.membership
  override_during = plan
  values = {
    outputs = {
      MembershipArn        = "arn:aws:cleanrooms:eu-central-1:444455556666:membership/5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03"
      MembershipIdentifier = "5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03"
    }
  }
}

run "defaults" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_cloudformation_stack.membership.template_body).Resources) == jsonencode({
      Membership = {
        Type = "AWS::CleanRooms::Membership"
        Properties = {
          CollaborationIdentifier = "7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
          QueryLogStatus          = "ENABLED"
          PaymentConfiguration    = { QueryCompute = { IsResponsible = false } }
        }
      }
    })
    error_message = "the partner joins, logs, and does not pay: ${aws_cloudformation_stack.membership.template_body}"
  }

  assert {
    condition     = output.table_name == "loyalty" && output.membership_id == "5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03"
    error_message = "the table keeps its name, and the other side gets the membership's id"
  }

  assert {
    condition     = aws_cloudformation_stack.membership.tags == tomap({ Module = "partner" }) && aws_cloudformation_stack.membership.name == "cleanreach-partner-membership"
    error_message = "name and tags"
  }

  assert {
    condition     = jsondecode(aws_cloudformation_stack.membership.policy_body).Statement[1].Effect == "Deny"
    error_message = "no update replaces the membership"
  }
}

run "pays_without_logs" {
  command = plan

  variables {
    pays       = true
    query_logs = false
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudformation_stack.membership.template_body).Resources.Membership.Properties) == jsonencode({
      CollaborationIdentifier = var.collaboration_id, QueryLogStatus = "DISABLED", PaymentConfiguration = { QueryCompute = { IsResponsible = true } }
    })
    error_message = aws_cloudformation_stack.membership.template_body
  }
}

run "a_list_rule_by_default" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(module.table.template).Resources.ConfiguredTable.Properties.AnalysisRules) == jsonencode([{
      Policy = { V1 = { List = {
        AdditionalAnalyses   = "NOT_ALLOWED"
        AllowedJoinOperators = ["AND", "OR"]
        JoinColumns          = ["email_sha256", "phone_sha256"]
        ListColumns          = ["tier"]
      } } }
      Type = "LIST"
    }])
    error_message = module.table.template
  }

  assert {
    condition     = jsondecode(module.table.template).Resources.Association.Properties.ConfiguredTableAssociationAnalysisRules[0].Policy.V1.List.AllowedResultReceivers == ["111122223333"]
    error_message = "only the runner gets rows"
  }
}

run "only_the_reviewed_template" {
  command = plan

  variables {
    template_arns = ["arn:aws:cleanrooms:eu-central-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01/analysistemplate/9c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a09"]
  }

  assert {
    condition = jsonencode(jsondecode(module.table.template).Resources.ConfiguredTable.Properties.AnalysisRules) == jsonencode([{
      Policy = { V1 = { Custom = {
        AdditionalAnalyses = "NOT_ALLOWED", AllowedAnalyses = { Ref = "AllowedAnalyses" }, DisallowedOutputColumns = ["email_sha256", "phone_sha256"]
      } } }
      Type = "CUSTOM"
    }])
    error_message = "no other query, and no hash is given out: ${module.table.template}"
  }
}
