mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
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
