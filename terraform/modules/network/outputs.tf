output "vpc_id" {
  description = "VPC that the tasks run in."
  value       = local.vpc_id
}

output "subnet_ids" {
  description = "Private subnets that the tasks run in."
  value       = local.own ? [for zone in local.zones : aws_subnet.private[zone].id] : var.existing.subnet_ids

  # A task that starts before there is a way out cannot pull its image.
  depends_on = [aws_route.nat, aws_route.internet, aws_route_table_association.private, aws_route_table_association.public, aws_vpc_endpoint.s3, aws_vpc_endpoint.interface, data.aws_subnets.existing]
}

output "security_group_ids" {
  description = "Security groups of the tasks."
  value       = local.make_group ? [aws_security_group.tasks[0].id] : var.existing.security_group_ids
}

output "nat_public_ips" {
  description = "Addresses that the tasks come from, for allow-lists. Empty with existing."
  value       = [for zone in local.nat_zones : aws_eip.nat[zone].public_ip]
}
