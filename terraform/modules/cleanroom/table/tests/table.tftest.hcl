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

run "list_rule" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_cloudformation_stack.this.template_body).Resources.ConfiguredTable.Properties) == jsonencode({
      AllowedColumns = ["email_sha256", "email"]
      AnalysisMethod = "DIRECT_QUERY"
      AnalysisRules = [{
        Type = "LIST"
        Policy = { V1 = { List = {
          AdditionalAnalyses = "NOT_ALLOWED", AllowedJoinOperators = ["AND", "OR"], JoinColumns = ["email_sha256"], ListColumns = ["email"]
        } } }
      }]
      Description    = "Customers"
      Name           = "cleanreach-table-acme-vip"
      TableReference = { Glue = { DatabaseName = "cleanreach", TableName = "acme_vip" } }
    })
    error_message = aws_cloudformation_stack.this.template_body
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudformation_stack.this.template_body).Resources.Association.Properties) == jsonencode({
      ConfiguredTableAssociationAnalysisRules = [{ Policy = { V1 = { List = { AllowedResultReceivers = ["111122223333"] } } }, Type = "LIST" }]
      ConfiguredTableIdentifier               = { "Fn::GetAtt" = ["ConfiguredTable", "ConfiguredTableIdentifier"] }
      Description                             = "Customers"
      MembershipIdentifier                    = { Ref = "MembershipIdentifier" }
      Name                                    = "customers"
      RoleArn                                 = { Ref = "RoleArn" }
    })
    error_message = aws_cloudformation_stack.this.template_body
  }

  assert {
    condition     = aws_cloudformation_stack.this.tags == tomap({ Tenant = "acme" }) && aws_iam_role.this.tags == tomap({ Tenant = "acme" }) && aws_iam_role.this.name == "cleanreach-table-acme-vip"
    error_message = "role and stack have the name and the tags"
  }
}

run "custom_rule" {
  command = plan

  variables {
    rule = {
      type                      = "CUSTOM"
      allowed_analyses          = ["arn:aws:cleanrooms:eu-central-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01/analysistemplate/9c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a09"]
      disallowed_output_columns = ["email_sha256"]
    }
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudformation_stack.this.template_body).Resources.ConfiguredTable.Properties.AnalysisRules) == jsonencode([{
      Policy = { V1 = { Custom = { AdditionalAnalyses = "NOT_ALLOWED", AllowedAnalyses = { Ref = "AllowedAnalyses" }, DisallowedOutputColumns = ["email_sha256"] } } }
      Type   = "CUSTOM"
    }])
    error_message = aws_cloudformation_stack.this.template_body
  }

  assert {
    condition     = jsondecode(aws_cloudformation_stack.this.template_body).Resources.ConfiguredTable.Properties.AllowedColumns == ["email", "email_sha256"]
    error_message = "all columns take part"
  }
}

run "any_query" {
  command = plan

  variables {
    rule = { type = "CUSTOM", allowed_analyses = ["ANY_QUERY"], analysis_providers = ["111122223333"] }
  }

  assert {
    condition     = jsondecode(aws_cloudformation_stack.this.template_body).Resources.ConfiguredTable.Properties.AnalysisRules[0].Policy.V1.Custom.AllowedAnalysisProviders == ["111122223333"]
    error_message = "any query, but of one account"
  }
}

run "trust" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.this.assume_role_policy).Statement) == jsonencode([
      {
        Action    = "sts:AssumeRole", Effect = "Allow", Principal = { Service = "cleanrooms.amazonaws.com" }, Sid = "AllowIfExternalIdMatches"
        Condition = { StringLike = { "sts:ExternalId" = "arn:aws:*:eu-central-1:*:dbuser:*/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01*" } }
      },
      {
        Action = "sts:AssumeRole", Effect = "Allow", Principal = { Service = "cleanrooms.amazonaws.com" }, Sid = "AllowIfSourceArnMatches"
        Condition = { "ForAnyValue:ArnEquals" = { "aws:SourceArn" = [
          "arn:aws:cleanrooms:eu-central-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01",
          "arn:aws:cleanrooms:eu-central-1:444455556666:membership/5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03",
        ] } }
      },
    ])
    error_message = aws_iam_role.this.assume_role_policy
  }
}

run "least_privilege" {
  command = plan

  assert {
    condition = jsonencode({ for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid => s.Resource }) == jsonencode({
      FindFiles  = "arn:aws:s3:::work"
      ReadFiles  = "arn:aws:s3:::work/runs/acme/vip/*/prepared/*"
      ReadSchema = ["arn:aws:glue:eu-central-1:111122223333:schema/*", "arn:aws:glue:eu-central-1:111122223333:registry/*"]
      ReadTable = [
        "arn:aws:glue:eu-central-1:111122223333:table/cleanreach/acme_vip",
        "arn:aws:glue:eu-central-1:111122223333:database/cleanreach",
        "arn:aws:glue:eu-central-1:111122223333:catalog",
      ]
      UseKeys = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
    })
    error_message = aws_iam_role_policy.this.policy
  }

  assert {
    condition = alltrue(flatten([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : [
      for action in flatten([s.Action]) : can(regex("^(glue:(Get|BatchGet)[A-Za-z]+|s3:GetBucketLocation|s3:ListBucket|s3:GetObject|kms:Decrypt)$", action))
    ]]))
    error_message = "the role reads, and nothing else: ${aws_iam_role_policy.this.policy}"
  }

  assert {
    condition     = alltrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : can(s.Condition) if !startswith(s.Sid, "ReadTable") && s.Sid != "ReadSchema"])
    error_message = "files and keys are bound to this account and to S3 and Glue"
  }
}

run "files_without_a_key" {
  command = plan

  variables {
    key_arns = []
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.this.policy, "kms:")
    error_message = aws_iam_role_policy.this.policy
  }
}
