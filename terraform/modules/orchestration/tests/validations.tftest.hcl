mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/cleanreach-state-machine" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::111122223333:policy/cleanreach-queries" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-1:111122223333:cleanreach-dead-letters"
      url = "https://sqs.eu-west-1.amazonaws.com/111122223333/cleanreach-dead-letters"
    }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/vendedlogs/states/cleanreach" }
  }
  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach" }
  }
}

variables {
  cluster_arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/cleanreach"
  task_definition_arns = {
    preflight = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-preflight"
    prepare   = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-prepare"
    plan      = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-plan"
    upload    = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-upload"
    report    = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-report"
  }
  task_role_arns = {
    preflight = "arn:aws:iam::111122223333:role/cleanreach-preflight"
    prepare   = "arn:aws:iam::111122223333:role/cleanreach-prepare"
    plan      = "arn:aws:iam::111122223333:role/cleanreach-plan"
    upload    = "arn:aws:iam::111122223333:role/cleanreach-upload"
    report    = "arn:aws:iam::111122223333:role/cleanreach-report"
  }
  execution_role_arn = "arn:aws:iam::111122223333:role/cleanreach-execution"
  subnet_ids         = ["subnet-0a", "subnet-0b"]
  security_group_ids = ["sg-0a"]
  work_bucket        = "cleanreach-work-111122223333-eu-west-1"
  work_bucket_arn    = "arn:aws:s3:::cleanreach-work-111122223333-eu-west-1"
  results_bucket     = "cleanreach-results-111122223333-eu-west-1"
  results_bucket_arn = "arn:aws:s3:::cleanreach-results-111122223333-eu-west-1"
  data_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/data"
  logs_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/logs"
  messaging_key_arn  = "arn:aws:kms:eu-west-1:111122223333:key/messaging"
  event_bus_name     = "cleanreach"
  event_bus_arn      = "arn:aws:events:eu-west-1:111122223333:event-bus/cleanreach"
  membership_arns    = ["arn:aws:cleanrooms:eu-west-1:111122223333:membership/11111111-2222-3333-4444-555555555555"]
  glue_job_names     = ["acme-prepare"]
  tags               = { Owner = "marketing" }
}

run "name_too_long" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "a-name-of-more-than-twenty-characters"
  }
}

run "no_subnet" {
  command         = plan
  expect_failures = [var.subnet_ids]

  variables {
    subnet_ids = []
  }
}

run "no_security_group" {
  command         = plan
  expect_failures = [var.security_group_ids]

  variables {
    security_group_ids = []
  }
}

run "six_security_groups" {
  command         = plan
  expect_failures = [var.security_group_ids]

  variables {
    security_group_ids = ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"]
  }
}

run "membership_by_id" {
  command         = plan
  expect_failures = [var.membership_arns]

  variables {
    membership_arns = ["11111111-2222-3333-4444-555555555555"]
  }
}

run "more_memberships_than_a_policy_holds" {
  command         = plan
  expect_failures = [var.membership_arns]

  variables {
    membership_arns = [for i in range(41) : "arn:aws:cleanrooms:eu-west-1:111122223333:membership/11111111-2222-3333-4444-0000000000${10 + i}"]
  }
}

run "more_glue_jobs_than_a_policy_holds" {
  command         = plan
  expect_failures = [var.glue_job_names]

  variables {
    glue_job_names = [for i in range(31) : "prepare-${i}"]
  }
}

run "any_glue_job" {
  command         = plan
  expect_failures = [var.glue_job_names]

  variables {
    glue_job_names = ["*"]
  }
}

run "unknown_capacity" {
  command         = plan
  expect_failures = [var.upload_capacity]

  variables {
    upload_capacity = "SPOT"
  }
}

run "retention_that_cloudwatch_lacks" {
  command         = plan
  expect_failures = [var.log_retention_days]

  variables {
    log_retention_days = 100
  }
}

# A value that looks like a placeholder is taken for one that was forgotten.
run "placeholder_left" {
  command         = plan
  expect_failures = [aws_sfn_state_machine.audience]

  variables {
    event_bus_name = "$${event_bus}"
  }
}
