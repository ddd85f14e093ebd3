output "membership_id" {
  description = "Id of this account's membership: match.membership_id of the tenant's definitions."
  value       = local.membership_id
}

output "membership_arn" {
  description = "ARN of this account's membership."
  value       = aws_cloudformation_stack.membership.outputs["MembershipArn"]
}

output "collaboration_id" {
  description = "Id of the collaboration."
  value       = aws_cloudformation_stack.membership.outputs["CollaborationIdentifier"]
}

output "template_arns" {
  description = "ARN of each analysis template, by its name: match.template_arn of a definition, and what the partner allows."
  value       = local.template_arns
}

output "table_names" {
  description = "Each table's name in queries, by \"<tenant>/<audience>\"."
  value       = { for key, table in module.table : key => table.association_name }
}

output "table_role_arns" {
  description = "ARN of the role by which Clean Rooms reads each table, by \"<tenant>/<audience>\"."
  value       = { for key, table in module.table : key => table.role_arn }
}

output "for_partner" {
  description = "What the partner's engineer puts into the partner module. No secret is in it."
  value = {
    collaboration_id     = aws_cloudformation_stack.membership.outputs["CollaborationIdentifier"]
    runner_account_id    = local.account
    runner_membership_id = local.membership_id
    template_arns        = values(local.template_arns)
  }
}
