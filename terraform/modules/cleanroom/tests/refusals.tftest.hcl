mock_provider "aws" {
  source          = "../../tests/aws"
  override_during = plan
}

run "accepted" {
  command = plan
}

run "name" {
  command = plan

  variables {
    name = "CleanReach"
  }

  expect_failures = [var.name]
}

run "tenant" {
  command = plan

  variables {
    tenant = "Acme"
  }

  expect_failures = [var.tenant]
}

run "collaboration_name" {
  command = plan

  variables {
    collaboration = { name = "the loyalty", display_name = "Acme", partner_name = "Partner", partner_account_id = "444455556666" }
  }

  expect_failures = [var.collaboration]
}

run "account" {
  command = plan

  variables {
    collaboration = { name = "loyalty", display_name = "Acme", partner_name = "Partner", partner_account_id = "4444-5555-6666" }
  }

  expect_failures = [var.collaboration]
}

run "own_account" {
  command = plan

  variables {
    collaboration = { name = "loyalty", display_name = "Acme", partner_name = "Partner", partner_account_id = "111122223333" }
  }

  expect_failures = [aws_cloudformation_stack.membership]
}

run "collaboration_arn" {
  command = plan

  variables {
    collaboration = { name = "loyalty", display_name = "Acme", partner_name = "Partner", partner_account_id = "444455556666", collaboration_id = "arn:aws:cleanrooms:eu-central-1:444455556666:collaboration/7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02" }
  }

  expect_failures = [var.collaboration]
}

run "no_display_name" {
  command = plan

  variables {
    collaboration = { name = "loyalty", display_name = " ", partner_name = "Partner", partner_account_id = "444455556666" }
  }

  expect_failures = [var.collaboration]
}

run "no_description" {
  command = plan

  variables {
    collaboration = { name = "loyalty", display_name = "Acme", partner_name = "Partner", partner_account_id = "444455556666", description = "" }
  }

  expect_failures = [var.collaboration]
}

run "table_of_another_tenant" {
  command = plan

  variables {
    tables = { "other/vip" = { tenant = "other", audience = "vip", name = "other_vip", columns = [{ name = "email_sha256" }] } }
  }

  expect_failures = [var.tables]
}

run "too_many_tables" {
  command = plan

  variables {
    tables = { for i in range(26) : "acme/a${i}" => { tenant = "acme", audience = "a${i}", name = "acme_a${i}", columns = [{ name = "email_sha256" }] } }
  }

  expect_failures = [var.tables]
}

run "two_tables_of_one_name" {
  command = plan

  variables {
    tables = { for a in ["vip", "all"] : "acme/${a}" => { tenant = "acme", audience = a, name = "acme_${a}", association_name = "customers", columns = [{ name = "email_sha256" }] } }
  }

  expect_failures = [var.tables]
}

run "join_column_that_is_not_there" {
  command = plan

  variables {
    tables = { "acme/vip" = { tenant = "acme", audience = "vip", name = "acme_vip", join_columns = ["phone_sha256"], columns = [{ name = "email_sha256" }] } }
  }

  expect_failures = [var.tables]
}

run "nothing_to_match_by" {
  command = plan

  variables {
    tables = { "acme/vip" = { tenant = "acme", audience = "vip", name = "acme_vip", columns = [{ name = "extern_id" }] } }
  }

  expect_failures = [var.tables]
}

run "aggregation" {
  command = plan

  variables {
    analysis_rule = { type = "AGGREGATION" }
  }

  expect_failures = [var.analysis_rule]
}

run "custom_without_templates" {
  command = plan

  variables {
    analysis_rule = { type = "CUSTOM" }
  }

  expect_failures = [var.analysis_rule]
}

run "any_query_under_a_list_rule" {
  command = plan

  variables {
    analysis_rule = { any_query = true }
  }

  expect_failures = [var.analysis_rule]
}

run "too_many_templates" {
  command = plan

  variables {
    templates = { for i in range(26) : "t${i}" => { sql = "SELECT 1" } }
  }

  expect_failures = [var.templates]
}

run "template_name" {
  command = plan

  variables {
    templates = { "the-template" = { sql = "SELECT 1" } }
  }

  expect_failures = [var.templates]
}

run "empty_template" {
  command = plan

  variables {
    templates = { t = { sql = " " } }
  }

  expect_failures = [var.templates]
}

run "parameter_that_is_not_used" {
  command = plan

  variables {
    templates = { t = { sql = "SELECT :tiers", parameters = [{ name = "tier", type = "STRING" }] } }
  }

  expect_failures = [var.templates]
}

run "parameter_type" {
  command = plan

  variables {
    templates = { t = { sql = "SELECT :tier", parameters = [{ name = "tier", type = "TEXT" }] } }
  }

  expect_failures = [var.templates]
}

run "template_too_long" {
  command = plan

  variables {
    templates = { t = { sql = "SELECT ${join(", ", [for i in range(1000) : "a_column_of_which_there_are_far_more_than_fit_into_a_template_${i}"])}" } }
  }

  expect_failures = [aws_cloudformation_stack.template]
}
