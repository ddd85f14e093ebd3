output "membership_id" {
  description = "Id of this account's membership: the other side wants it as collaboration.partner_membership_id."
  value       = local.membership_id
}

output "membership_arn" {
  description = "ARN of this account's membership."
  value       = aws_cloudformation_stack.membership.outputs["MembershipArn"]
}

output "table_name" {
  description = "The table's name in queries."
  value       = module.table.association_name
}

output "role_arn" {
  description = "ARN of the role by which Clean Rooms reads the table."
  value       = module.table.role_arn
}
