mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "444455556666" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::444455556666:role/cleanreach-partner-table" }
  }
  mock_resource "aws_cloudformation_stack" {
    defaults = { outputs = {
      AssociationIdentifier     = "a"
      ConfiguredTableIdentifier = "c"
      MembershipArn             = "arn:aws:cleanrooms:eu-central-1:444455556666:membership/5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03"
      MembershipIdentifier      = "5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03"
    } }
  }
}

run "accepted" {
  command = plan
}

run "name" {
  command = plan

  variables {
    name = "Partner"
  }

  expect_failures = [var.name]
}

run "collaboration_arn" {
  command = plan

  variables {
    collaboration_id = "arn:aws:cleanrooms:eu-central-1:111122223333:collaboration/7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
  }

  expect_failures = [var.collaboration_id]
}

run "runner_account" {
  command = plan

  variables {
    runner_account_id = "us"
  }

  expect_failures = [var.runner_account_id]
}

run "own_account" {
  command = plan

  variables {
    runner_account_id = "444455556666"
  }

  expect_failures = [aws_cloudformation_stack.membership]
}

run "runner_membership" {
  command = plan

  variables {
    runner_membership_id = "ours"
  }

  expect_failures = [var.runner_membership_id]
}

run "template_of_somebody_else" {
  command = plan

  variables {
    template_arns = ["arn:aws:cleanrooms:eu-central-1:777788889999:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01/analysistemplate/9c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a09"]
  }

  expect_failures = [var.template_arns]
}

run "nothing_to_match_by" {
  command = plan

  variables {
    table = { database_name = "crm", table_name = "loyalty", match_columns = [], output_columns = ["tier"], bucket_arn = "arn:aws:s3:::b", object_keys = ["loyalty/*"] }
  }

  expect_failures = [var.table]
}

run "matched_by_and_given_out" {
  command = plan

  variables {
    table = { database_name = "crm", table_name = "loyalty", match_columns = ["email_sha256"], output_columns = ["email_sha256"], bucket_arn = "arn:aws:s3:::b", object_keys = ["loyalty/*"] }
  }

  expect_failures = [var.table]
}

run "the_whole_bucket" {
  command = plan

  variables {
    table = { database_name = "crm", table_name = "loyalty", match_columns = ["email_sha256"], output_columns = [], bucket_arn = "arn:aws:s3:::b", object_keys = ["*"] }
  }

  expect_failures = [var.table]
}
