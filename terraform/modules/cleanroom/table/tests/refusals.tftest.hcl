mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/cleanreach-table-acme-vip" }
  }
  mock_resource "aws_cloudformation_stack" {
    defaults = { outputs = { AssociationIdentifier = "a", ConfiguredTableIdentifier = "c" } }
  }
}

variables {
  name                 = "cleanreach-table-acme-vip"
  description          = "Customers"
  membership_id        = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
  runner_membership_id = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
  memberships = {
    "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01" = "111122223333"
    "5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03" = "444455556666"
  }
  association_name = "customers"
  database_name    = "cleanreach"
  table_name       = "acme_vip"
  columns          = ["email", "email_sha256"]
  rule             = { type = "LIST", join_columns = ["email_sha256"], list_columns = ["email"] }
  result_receivers = ["111122223333"]
  bucket_arn       = "arn:aws:s3:::work"
  object_keys      = ["runs/acme/vip/*/prepared/*"]
  key_arns         = ["arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"]
  tags             = { Tenant = "acme" }
}

run "accepted" {
  command = plan

  assert {
    condition     = output.association_name == "customers" && output.association_id == "a" && output.configured_table_id == "c" && startswith(output.role_arn, "arn:")
    error_message = "the outputs are the stack's and the role's"
  }

  assert {
    condition     = aws_cloudformation_stack.this.parameters == tomap({ MembershipIdentifier = var.membership_id, RoleArn = output.role_arn })
    error_message = "the association is of this membership, and read by the role"
  }
}

run "name" {
  command = plan

  variables {
    name = "a_table"
  }

  expect_failures = [var.name]
}

run "description" {
  command = plan

  variables {
    description = join("", [for i in range(256) : "x"])
  }

  expect_failures = [var.description]
}

run "association_name" {
  command = plan

  variables {
    association_name = "my table"
  }

  expect_failures = [var.association_name]
}

run "aggregation" {
  command = plan

  variables {
    rule = { type = "AGGREGATION" }
  }

  expect_failures = [var.rule]
}

run "nothing_to_match_by" {
  command = plan

  variables {
    rule = { type = "LIST", list_columns = ["email"] }
  }

  expect_failures = [var.rule]
}

run "matched_by_and_put_out" {
  command = plan

  variables {
    rule = { type = "LIST", join_columns = ["email_sha256"], list_columns = ["email", "email_sha256"] }
  }

  expect_failures = [var.rule]
}

run "operator" {
  command = plan

  variables {
    rule = { type = "LIST", join_columns = ["email_sha256"], join_operators = ["XOR"] }
  }

  expect_failures = [var.rule]
}

run "no_template" {
  command = plan

  variables {
    rule = { type = "CUSTOM" }
  }

  expect_failures = [var.rule]
}

run "any_query_of_anybody" {
  command = plan

  variables {
    rule = { type = "CUSTOM", allowed_analyses = ["ANY_QUERY"] }
  }

  expect_failures = [var.rule]
}

run "providers_of_a_template" {
  command = plan

  variables {
    rule = { type = "CUSTOM", allowed_analyses = ["arn:aws:cleanrooms:eu-central-1:111122223333:membership/m/analysistemplate/t"], analysis_providers = ["111122223333"] }
  }

  expect_failures = [var.rule]
}

run "column_name" {
  command = plan

  variables {
    rule = { type = "LIST", join_columns = ["E-Mail"] }
  }

  expect_failures = [var.rule]
}

run "too_many_columns" {
  command = plan

  variables {
    rule = { type = "LIST", join_columns = ["email_sha256"], list_columns = [for i in range(100) : "c${i}"] }
  }

  expect_failures = [var.rule]
}

run "custom_without_columns" {
  command = plan

  variables {
    columns = []
    rule    = { type = "CUSTOM", allowed_analyses = ["ANY_QUERY"], analysis_providers = ["111122223333"] }
  }

  expect_failures = [var.rule]
}

run "disallowed_column_that_is_not_there" {
  command = plan

  variables {
    rule = { type = "CUSTOM", allowed_analyses = ["ANY_QUERY"], analysis_providers = ["111122223333"], disallowed_output_columns = ["phone"] }
  }

  expect_failures = [var.rule]
}

run "no_receiver" {
  command = plan

  variables {
    result_receivers = []
  }

  expect_failures = [var.result_receivers]
}

run "receiver" {
  command = plan

  variables {
    result_receivers = ["us"]
  }

  expect_failures = [var.result_receivers]
}
