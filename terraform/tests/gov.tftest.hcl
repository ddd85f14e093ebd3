# Another partition: nothing that is made may name an ARN of the ordinary one.

mock_provider "aws" {
  source          = "./tests/aws-us-gov"
  override_during = plan
}

variables {
  image_digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  tenants      = { acme = {} }
  audiences = {
    vip = {
      tenant = "acme"
      source = { columns = { EMAIL = "mail" } }
      match  = { membership_id = "22222222-2222-4222-8222-222222222222", sql = "SELECT 1" }
      meta   = { ad_account = "act_1" }
    }
  }
}

run "no_clean_rooms_there" {
  command         = plan
  expect_failures = [terraform_data.place]
}

run "partition" {
  command = plan

  variables {
    clean_rooms_regions = ["us-gov-west-1"]
    source_arns         = ["arn:aws-us-gov:s3:::crm/*"]
  }

  assert {
    condition     = output.console_url == "https://us-gov-west-1.console.amazonaws-us-gov.com/states/home?region=us-gov-west-1#/statemachines/view/arn:aws-us-gov:states:us-gov-west-1:111122223333:stateMachine:cleanreach"
    error_message = "the console is at ${output.console_url}"
  }

  assert {
    condition = length(regexall("arn:aws:", jsonencode([
      output.start_commands, output.dashboard_url, output.bus, output.definition, local.token_readers, local.membership_arns, module.tasks.task_definition_arns,
      module.storage.raw_bucket_arn, module.storage.work_bucket_arn, module.storage.results_bucket_arn, local.documents,
    ]))) == 0
    error_message = "there is an ARN of the partition aws"
  }
}

run "sources_of_another_partition" {
  command = plan

  variables {
    clean_rooms_regions = ["us-gov-west-1"]
    source_arns         = ["arn:aws:s3:::crm/*"]
    source_key_arns     = ["arn:aws:kms:us-gov-west-1:111122223333:key/1"]
  }

  expect_failures = [var.source_arns, var.source_key_arns]
}
