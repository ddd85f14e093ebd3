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
  values = { account_id = "111122223333" }
}

override_data {
  target = module.table["acme/vip"].data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

override_resource {
  target          = aws_cloudformation_stack.membership
  override_during = plan
  values = {
    outputs = {
      CollaborationIdentifier = "7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
      MembershipArn           = "arn:aws:cleanrooms:eu-central-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
      MembershipIdentifier    = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
    }
  }
}

override_resource {
  target          = aws_cloudformation_stack.template
  override_during = plan
  values          = { outputs = { Arn = "arn:aws:cleanrooms:eu-central-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01/analysistemplate/9c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a09" } }
}

variables {
  tables = {
    "acme/vip" = {
      tenant   = "acme"
      audience = "vip"
      name     = "acme_vip"
      columns  = [{ name = "extern_id", type = "string" }, { name = "email", type = "string" }, { name = "email_sha256", type = "string" }]
    }
  }
}

run "creates" {
  command = plan

  variables {
    tables = {}
    tags   = { Owner = "growth" }
  }

  assert {
    condition     = aws_cloudformation_stack.membership.name == "cleanreach-cleanroom-acme-loyalty"
    error_message = aws_cloudformation_stack.membership.name
  }

  assert {
    condition     = aws_cloudformation_stack.membership.tags == tomap({ Owner = "growth", Module = "cleanroom", Tenant = "acme" })
    error_message = "a query's cost goes to the membership's tags"
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudformation_stack.membership.template_body).Resources) == jsonencode({
      Collaboration = {
        Type = "AWS::CleanRooms::Collaboration"
        Properties = {
          Name                        = "acme-loyalty"
          Description                 = "People whom both sides know"
          AnalyticsEngine             = "SPARK"
          QueryLogStatus              = "ENABLED"
          CreatorDisplayName          = "Acme"
          CreatorMemberAbilities      = ["CAN_QUERY", "CAN_RECEIVE_RESULTS"]
          CreatorPaymentConfiguration = { QueryCompute = { IsResponsible = true } }
          Members = [{
            AccountId            = "444455556666", DisplayName = "Partner", MemberAbilities = []
            PaymentConfiguration = { QueryCompute = { IsResponsible = false } }
          }]
        }
      }
      Membership = {
        Type = "AWS::CleanRooms::Membership"
        Properties = {
          CollaborationIdentifier = { "Fn::GetAtt" = ["Collaboration", "CollaborationIdentifier"] }
          QueryLogStatus          = "ENABLED"
          PaymentConfiguration    = { QueryCompute = { IsResponsible = true } }
        }
      }
    })
    error_message = aws_cloudformation_stack.membership.template_body
  }

  assert {
    condition     = contains(jsondecode(aws_cloudformation_stack.membership.policy_body).Statement[1].Action, "Update:Replace") && jsondecode(aws_cloudformation_stack.membership.policy_body).Statement[1].Effect == "Deny"
    error_message = "no update may put another collaboration in the place of one that the partner has joined"
  }

  assert {
    condition = jsonencode(output.for_partner) == jsonencode({
      collaboration_id     = "7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
      runner_account_id    = "111122223333"
      runner_membership_id = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
      template_arns        = []
    })
    error_message = jsonencode(output.for_partner)
  }
}

run "joins_and_the_partner_pays" {
  command = plan

  variables {
    tables = {}
    collaboration = {
      name             = "loyalty", display_name = "Acme", partner_name = "Partner", partner_account_id = "444455556666"
      collaboration_id = "8d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02", partner_pays = true, query_logs = false
    }
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudformation_stack.membership.template_body).Resources) == jsonencode({
      Membership = {
        Type = "AWS::CleanRooms::Membership"
        Properties = {
          CollaborationIdentifier = "8d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
          QueryLogStatus          = "DISABLED"
          PaymentConfiguration    = { QueryCompute = { IsResponsible = false } }
        }
      }
    })
    error_message = aws_cloudformation_stack.membership.template_body
  }
}

run "a_table_under_a_list_rule" {
  command = plan

  variables {
    collaboration = {
      name                  = "loyalty", display_name = "Acme", partner_name = "Partner", partner_account_id = "444455556666"
      partner_membership_id = "5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03"
    }
  }

  assert {
    condition = jsonencode(local.rules["acme/vip"]) == jsonencode({
      allowed_analyses = [], analysis_providers = [], join_columns = ["email_sha256"], list_columns = ["extern_id", "email"], type = "LIST"
    })
    error_message = jsonencode(local.rules["acme/vip"])
  }

  assert {
    condition     = output.table_names == { "acme/vip" = "acme_vip" } && local.table_names["acme/vip"] == "cleanreach-table-acme-vip"
    error_message = "in queries the table is called as in Glue"
  }

  assert {
    condition = local.memberships == {
      "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01" = "111122223333"
      "5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03" = "444455556666"
    }
    error_message = "both memberships may see the columns"
  }
}

run "a_table_by_another_name_and_key" {
  command = plan

  variables {
    tables = {
      "acme/vip" = {
        tenant           = "acme", audience = "vip", name = "acme_vip_with_a_name_that_is_much_too_long_for_a_role_of_iam"
        association_name = "customers", join_columns = ["extern_id"]
        columns          = [{ name = "extern_id" }, { name = "email" }, { name = "email_sha256" }]
      }
    }
  }

  assert {
    condition     = local.rules["acme/vip"].join_columns == tolist(["extern_id"]) && local.rules["acme/vip"].list_columns == tolist(["email", "email_sha256"])
    error_message = "the columns that are not matched by can be put out"
  }

  assert {
    condition     = output.table_names == { "acme/vip" = "customers" } && length(local.table_names["acme/vip"]) == 64
    error_message = local.table_names["acme/vip"]
  }
}

run "a_table_under_a_custom_rule" {
  command = plan

  variables {
    analysis_rule = { type = "CUSTOM" }
    templates = { overlap_v1 = {
      sql        = "SELECT c.email FROM acme_vip c JOIN loyalty p ON c.email_sha256 = p.email_sha256 WHERE p.tier = :tier"
      parameters = [{ name = "tier", type = "STRING", default_value = "gold" }]
    } }
  }

  assert {
    condition     = local.rules["acme/vip"].allowed_analyses == tolist([output.template_arns["overlap_v1"]]) && length(local.rules["acme/vip"].analysis_providers) == 0
    error_message = "only the template may run"
  }

  assert {
    condition     = aws_cloudformation_stack.template["overlap_v1"].name == "cleanreach-template-acme--loyalty-overlap-v1" && aws_cloudformation_stack.template["overlap_v1"].parameters.MembershipIdentifier == output.membership_id
    error_message = aws_cloudformation_stack.template["overlap_v1"].name
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudformation_stack.template["overlap_v1"].template_body).Resources.Template.Properties) == jsonencode({
      Name                 = "overlap_v1"
      Description          = ""
      MembershipIdentifier = { Ref = "MembershipIdentifier" }
      Format               = "SQL"
      Source               = { Text = var.templates.overlap_v1.sql }
      AnalysisParameters   = [{ Name = "tier", Type = "STRING", DefaultValue = "gold" }]
    })
    error_message = aws_cloudformation_stack.template["overlap_v1"].template_body
  }
}

run "a_custom_rule_for_any_query_of_ours" {
  command = plan

  variables {
    analysis_rule = { type = "CUSTOM", any_query = true }
  }

  assert {
    condition     = local.rules["acme/vip"].allowed_analyses == tolist(["ANY_QUERY"]) && local.rules["acme/vip"].analysis_providers == tolist(["111122223333"])
    error_message = "any query, but of this account"
  }
}

run "names_that_could_be_taken_for_each_other" {
  command = plan

  variables {
    tenant        = "acme-loyalty"
    tables        = {}
    collaboration = { name = "club", display_name = "Acme", partner_name = "Partner", partner_account_id = "444455556666" }
    templates     = { a_name_of_thirty_and_some_characters_ = { sql = "SELECT 1" } }
    name          = "a-very-long-name-too"
  }

  assert {
    condition     = aws_cloudformation_stack.membership.name == "a-very-long-name-too-cleanroom-acme--loyalty-club"
    error_message = aws_cloudformation_stack.membership.name
  }

  assert {
    condition     = aws_cloudformation_stack.template["a_name_of_thirty_and_some_characters_"].name == "a-very-long-name-too-template-acme----loyalty--club-a-name-of-thirty-and-some-characters-"
    error_message = aws_cloudformation_stack.template["a_name_of_thirty_and_some_characters_"].name
  }
}

run "names_that_are_too_long" {
  command = plan

  variables {
    tenant        = "a--------------------------------------b"
    tables        = {}
    collaboration = { name = "a-collaboration-with-many-hyphens-in-it", display_name = "Acme", partner_name = "Partner", partner_account_id = "444455556666" }
    templates     = { overlap_v1 = { sql = "SELECT 1" }, overlap_v2 = { sql = "SELECT 2" } }
    name          = "a-very-long-name-too"
  }

  assert {
    condition     = alltrue([for s in aws_cloudformation_stack.template : length(s.name) == 128]) && length(distinct([for s in aws_cloudformation_stack.template : s.name])) == 2
    error_message = jsonencode([for s in aws_cloudformation_stack.template : s.name])
  }

  assert {
    condition     = length(aws_cloudformation_stack.membership.name) == 128
    error_message = "CloudFormation takes 128 characters: ${aws_cloudformation_stack.membership.name}"
  }
}
