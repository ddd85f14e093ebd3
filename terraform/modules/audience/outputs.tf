output "problems" {
  description = "What is wrong with each document, by its key: a sorted list of \"<field>: <what is wrong>\", empty for a good one."
  value       = local.problems
}

output "columns" {
  description = "Columns of each document's prepared table, by its key, in the order in which preparing writes them. None for a document with problems."
  value       = local.columns
}

output "table_names" {
  description = "Name of each document's prepared table in the catalog, by its key. Empty for one without a tenant or a name."
  value       = local.table_names
}
