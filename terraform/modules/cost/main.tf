locals {
  budgets = { for tenant, t in var.tenants : tenant => t if t.monthly_budget_usd != null }

  # AWS Budgets refreshes a few times a day: a budget is a warning and stops nothing.
  notifications = {
    soon     = { type = "ACTUAL", percent = 80 }
    spent    = { type = "ACTUAL", percent = 100 }
    forecast = { type = "FORECASTED", percent = 100 }
  }
}

resource "aws_budgets_budget" "tenant" {
  for_each = local.budgets

  name         = "${var.name}-${each.key}"
  budget_type  = "COST"
  limit_amount = tostring(each.value.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  tags         = merge(var.tags, { Module = "cost", Tenant = each.key })

  cost_filter {
    name = "TagKeyValue"
    # Not by interpolation: a dollar sign in front of a brace is the escape for a literal one, and the budget of
    # "user:Tenant${...}" watches nothing.
    values = [format("user:%s$%s", "Tenant", each.key)]
  }

  dynamic "notification" {
    for_each = local.notifications

    content {
      notification_type          = notification.value.type
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      subscriber_sns_topic_arns  = [var.topic_arn]
      subscriber_email_addresses = each.value.emails
    }
  }
}

resource "aws_ce_cost_allocation_tag" "this" {
  for_each = toset(var.activate_cost_allocation_tags ? ["Tenant", "Module", "Audience"] : [])

  tag_key = each.value
  status  = "Active"
}
