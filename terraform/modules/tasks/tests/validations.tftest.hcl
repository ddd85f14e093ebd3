mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

run "name_with_a_capital" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "Cleanreach"
  }
}

run "name_too_long" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "a-name-of-more-than-twenty-characters"
  }
}

run "image_by_tag" {
  command         = plan
  expect_failures = [var.image_digest]

  variables {
    image_digest = "v1.2.3"
  }
}

run "one_image" {
  command         = plan
  expect_failures = [var.keep_images]

  variables {
    keep_images = 1
  }
}

run "unknown_architecture" {
  command         = plan
  expect_failures = [var.architecture]

  variables {
    architecture = "arm64"
  }
}

run "size_that_fargate_lacks" {
  command         = plan
  expect_failures = [var.sizes]

  variables {
    sizes = { upload = { cpu = 256, memory = 4096 } }
  }
}

run "size_between_the_steps" {
  command         = plan
  expect_failures = [var.sizes]

  variables {
    sizes = { prepare = { cpu = 8192, memory = 17408 } }
  }
}

run "cpu_that_fargate_lacks" {
  command         = plan
  expect_failures = [var.sizes]

  variables {
    sizes = { plan = { cpu = 300 } }
  }
}

run "unknown_insights" {
  command         = plan
  expect_failures = [var.container_insights]

  variables {
    container_insights = "on"
  }
}

run "source_that_is_a_bucket" {
  command         = plan
  expect_failures = [var.source_arns]

  variables {
    source_arns = ["arn:aws:s3:::crm-exports"]
  }
}

run "source_that_is_a_url" {
  command         = plan
  expect_failures = [var.source_arns]

  variables {
    source_arns = ["s3://crm-exports/customers/"]
  }
}

run "source_key_by_alias" {
  command         = plan
  expect_failures = [var.source_key_arns]

  variables {
    source_key_arns = ["arn:aws:kms:eu-west-1:111122223333:alias/crm"]
  }
}

run "retention_that_cloudwatch_lacks" {
  command         = plan
  expect_failures = [var.log_retention_days]

  variables {
    log_retention_days = 100
  }
}

run "token_in_the_environment" {
  command         = plan
  expect_failures = [var.environment]

  variables {
    environment = { CLEANREACH_META_TOKEN = "x" }
  }
}

run "run_in_the_environment" {
  command         = plan
  expect_failures = [var.environment]

  variables {
    environment = { CLEANREACH_RUN = "x" }
  }
}

run "more_secrets_than_a_policy_holds" {
  command         = plan
  expect_failures = [var.secret_arns]

  variables {
    secret_arns = [for i in range(51) : "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cleanreach/acme-${i}/meta-AbCdEf"]
  }
}
