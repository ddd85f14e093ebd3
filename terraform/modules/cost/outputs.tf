output "budget_names" {
  description = "Name of each tenant's budget, of those that have one."
  value       = { for tenant, budget in aws_budgets_budget.tenant : tenant => budget.name }
}
