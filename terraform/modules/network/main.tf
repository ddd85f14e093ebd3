data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

# Zones that need no opting in: no local zones. And none of those few that AWS no longer extends: Fargate is not in apne1-az3,
# usw1-az2 and cnn1-az3, and EKS and EFS's One Zone leave out use1-az3. Which letter such a zone has differs by account, so a
# deployment would fail in one and not in another.
data "aws_availability_zones" "available" {
  count = local.own ? 1 : 0

  state            = "available"
  exclude_zone_ids = ["apne1-az3", "cnn1-az3", "use1-az3", "usw1-az2"]

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  lifecycle {
    postcondition {
      condition     = length(self.names) >= var.availability_zone_count
      error_message = "availability_zone_count is ${var.availability_zone_count}, and the region has ${length(self.names)} zones that Fargate and NAT gateways can be counted on to be in."
    }
  }
}

locals {
  own  = var.existing == null
  tags = merge(var.tags, { Module = "network" })

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  zones = local.own ? slice(data.aws_availability_zones.available[0].names, 0, min(var.availability_zone_count, length(data.aws_availability_zones.available[0].names))) : []

  # NAT gateways stand in these zones. A table a zone whichever it is, so that to change from one to the other replaces no
  # subnet and no table.
  nat_zones = var.nat_gateway == "per_zone" ? local.zones : slice(local.zones, 0, min(1, length(local.zones)))
  nat_of    = { for zone in local.zones : zone => var.nat_gateway == "per_zone" ? zone : local.zones[0] }

  # Each of at most four private subnets is an eighth of the VPC, each public one a sixteenth of it; a quarter is left. Where
  # a subnet lies does not depend on how many there are, so another zone moves none.
  private_cidrs = { for i, zone in local.zones : zone => cidrsubnet(var.vpc_cidr, 3, i) }
  public_cidrs  = { for i, zone in local.nat_zones : zone => cidrsubnet(var.vpc_cidr, 4, 8 + i) }

  vpc_id = local.own ? aws_vpc.this[0].id : var.existing.vpc_id
}

resource "aws_vpc" "this" {
  count = local.own ? 1 : 0

  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # interface endpoints answer to the services' own names
  tags                 = merge(local.tags, { Name = var.name })
}

# The default security group has no rules, so whoever starts something without naming a group gets no network.
resource "aws_default_security_group" "this" {
  count = local.own ? 1 : 0

  vpc_id  = aws_vpc.this[0].id
  ingress = []
  egress  = []
  tags    = merge(local.tags, { Name = "${var.name}-default-closed" })
}

# Where the tasks are. They speak to Meta by NAT, as Meta has no endpoint in a VPC, and to S3 by the gateway endpoint.
resource "aws_subnet" "private" {
  for_each = local.private_cidrs

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  tags                    = merge(local.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route_table" "private" {
  for_each = local.private_cidrs

  vpc_id = aws_vpc.this[0].id
  tags   = merge(local.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route_table_association" "private" {
  for_each = local.private_cidrs

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_route" "nat" {
  for_each = local.nat_of

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[each.value].id
}
