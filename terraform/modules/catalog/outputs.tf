output "database_name" {
  description = "Name of the Glue database. Prepare takes it as CLEANREACH_CATALOG=glue://<database>."
  value       = aws_glue_catalog_database.this.name
}

output "database_arn" {
  description = "ARN of the Glue database."
  value       = aws_glue_catalog_database.this.arn
}

output "table_names" {
  description = "Name of each audience's table, by \"<tenant>/<audience>\"."
  value       = { for key, table in aws_glue_catalog_table.this : key => table.name }
}

output "table_arns" {
  description = "ARN of each audience's table, by \"<tenant>/<audience>\"."
  value       = { for key, table in aws_glue_catalog_table.this : key => table.arn }
}
