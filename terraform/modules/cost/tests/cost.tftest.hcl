mock_provider "aws" {}

variables {
  topic_arn = "arn:aws:sns:eu-central-1:111122223333:cleanreach-alerts"
  tenants = {
    acme = { monthly_budget_usd = 250.5, emails = ["finance@example.com"] }
    zoo  = {}
  }
  tags = { Owner = "data" }
}

run "a_tenant_with_a_limit_has_a_budget" {
  command = plan

  assert {
    condition     = keys(aws_budgets_budget.tenant) == ["acme"] && output.budget_names == { acme = "cleanreach-acme" }
    error_message = "budgets are for tenants with a limit"
  }

  assert {
    condition     = aws_budgets_budget.tenant["acme"].limit_amount == "250.5" && aws_budgets_budget.tenant["acme"].time_unit == "MONTHLY"
    error_message = "another limit"
  }

  assert {
    condition     = aws_budgets_budget.tenant["acme"].tags == tomap({ Module = "cost", Owner = "data", Tenant = "acme" })
    error_message = "tags are missing"
  }

  # What is expected is put together in another way than in the module.
  assert {
    condition     = one(aws_budgets_budget.tenant["acme"].cost_filter).name == "TagKeyValue" && one(aws_budgets_budget.tenant["acme"].cost_filter).values == tolist([join("$", ["user:Tenant", "acme"])])
    error_message = "the budget watches another tag"
  }

  assert {
    condition     = toset([for n in aws_budgets_budget.tenant["acme"].notification : "${n.notification_type} ${n.threshold}"]) == toset(["ACTUAL 80", "ACTUAL 100", "FORECASTED 100"])
    error_message = "notifications are missing"
  }

  assert {
    condition = alltrue([for n in aws_budgets_budget.tenant["acme"].notification : (
      n.subscriber_sns_topic_arns == toset([var.topic_arn]) && n.subscriber_email_addresses == toset(["finance@example.com"])
    )])
    error_message = "somebody is not told"
  }

  assert {
    condition     = length(aws_ce_cost_allocation_tag.this) == 0
    error_message = "only the account that pays may activate tags"
  }
}

run "tags_are_activated_when_asked" {
  command = plan

  variables {
    activate_cost_allocation_tags = true
  }

  assert {
    condition     = toset([for t in aws_ce_cost_allocation_tag.this : "${t.tag_key} ${t.status}"]) == toset(["Tenant Active", "Module Active", "Audience Active"])
    error_message = "tags are missing"
  }
}

run "name" {
  command = plan
  variables {
    name = "x"
  }
  expect_failures = [var.name]
}

run "tenant" {
  command = plan
  variables {
    tenants = { "-acme" = {} }
  }
  expect_failures = [var.tenants]
}

run "budget_of_nothing" {
  command = plan
  variables {
    tenants = { acme = { monthly_budget_usd = 0 } }
  }
  expect_failures = [var.tenants]
}

run "no_address" {
  command = plan
  variables {
    tenants = { acme = { monthly_budget_usd = 10, emails = ["finance"] } }
  }
  expect_failures = [var.tenants]
}

run "too_many_addresses" {
  command = plan
  variables {
    tenants = { acme = { monthly_budget_usd = 10, emails = [for i in range(11) : "finance${i}@example.com"] } }
  }
  expect_failures = [var.tenants]
}
