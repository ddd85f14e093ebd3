output "values" {
  description = "The values one step further down."
  value       = local.values
}

output "rules" {
  description = "The parts of the schema one step further down. Other values may be what they like."
  value       = local.rules
}
