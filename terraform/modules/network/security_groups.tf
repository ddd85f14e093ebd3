# The tasks call out by HTTPS and nothing calls them. Names are resolved by the VPC's own resolver, which security groups
# do not filter; a VPC with other name servers brings a security group of its own (existing.security_group_ids).
# The tasks' metadata and credentials come from 169.254.170.2, which is not filtered either.
resource "aws_security_group" "tasks" {
  count = local.make_group ? 1 : 0

  name        = "${var.name}-tasks"
  description = "Tasks: HTTPS out, nothing in"
  vpc_id      = local.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-tasks" })
}

locals {
  make_group = local.own ? true : length(var.existing.security_group_ids) == 0
}

# To anywhere, because Meta publishes no fixed addresses for graph.facebook.com. Who must narrow it filters by name: a
# DNS firewall in front of the resolver, or Network Firewall by SNI.
#trivy:ignore:AWS-0104 Meta's addresses are not published, so no narrower range would do; only port 443 is open.
resource "aws_vpc_security_group_egress_rule" "https" {
  count = local.make_group ? 1 : 0

  security_group_id = aws_security_group.tasks[0].id
  description       = "Meta, and services of AWS" # EC2 takes no apostrophe here
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
  tags              = local.tags
}

resource "aws_security_group" "endpoints" {
  count = length(local.interface_endpoints) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Interface endpoints: HTTPS from the tasks"
  vpc_id      = local.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = length(local.interface_endpoints) > 0 ? 1 : 0

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "Tasks"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.tasks[0].id
  tags                         = local.tags
}
