output "association_name" {
  description = "The table's name in queries."
  value       = var.association_name
}

output "association_id" {
  description = "Id of the association."
  value       = aws_cloudformation_stack.this.outputs["AssociationIdentifier"]
}

output "configured_table_id" {
  description = "Id of the configured table."
  value       = aws_cloudformation_stack.this.outputs["ConfiguredTableIdentifier"]
}

output "role_arn" {
  description = "ARN of the role by which Clean Rooms reads the table."
  value       = aws_iam_role.this.arn
}

output "template" {
  description = "The CloudFormation template, for whoever wants to read what a table lets queries do."
  value       = aws_cloudformation_stack.this.template_body
}
