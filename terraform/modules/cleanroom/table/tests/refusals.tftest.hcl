mock_provider "aws" {
  source          = "../../../tests/aws"
  override_during = plan

  mock_resource "aws_cloudformation_stack" {
    defaults = { outputs = { AssociationIdentifier = "a", ConfiguredTableIdentifier = "c" } }
  }
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
