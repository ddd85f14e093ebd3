# Source files, prepared files and results are most of the traffic: by this endpoint it costs nothing and stays in AWS's
# network. Images' layers come this way too.
resource "aws_vpc_endpoint" "s3" {
  count = local.own ? 1 : 0

  vpc_id            = aws_vpc.this[0].id
  service_name      = data.aws_vpc_endpoint_service.s3[0].service_name
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
  policy            = data.aws_iam_policy_document.s3.json
  tags              = merge(local.tags, { Name = "${var.name}-s3" })
}

data "aws_vpc_endpoint_service" "s3" {
  count = local.own ? 1 : 0

  service      = "s3"
  service_type = "Gateway"
}

# Who, not where: sources may lie in buckets of other accounts, so the buckets are not listed. But nobody carries data out
# with another account's credentials, or without any.
data "aws_iam_policy_document" "s3" {
  statement {
    sid       = "OwnPrincipals"
    actions   = ["s3:*"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }

  # ECR hands out signed addresses of layers in a bucket of its own, so the principal there is ECR's.
  statement {
    sid       = "ImageLayers"
    actions   = ["s3:GetObject"]
    resources = ["arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

locals {
  interface_endpoints = local.own ? var.interface_endpoints : []
}

# Which name a service's endpoint has in this partition, and in which zones there is one. A region without the service
# fails here, at plan.
data "aws_vpc_endpoint_service" "interface" {
  for_each = local.interface_endpoints

  service      = each.key
  service_type = "Interface"

  lifecycle {
    postcondition {
      condition     = length(setintersection(self.availability_zones, local.zones)) > 0
      error_message = "interface_endpoints: ${each.key} has no endpoint in ${join(", ", local.zones)}; leave it out, or raise availability_zone_count."
    }
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  vpc_id              = aws_vpc.this[0].id
  service_name        = data.aws_vpc_endpoint_service.interface[each.key].service_name
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  security_group_ids  = [aws_security_group.endpoints[0].id]
  subnet_ids          = [for zone in local.zones : aws_subnet.private[zone].id if contains(data.aws_vpc_endpoint_service.interface[each.key].availability_zones, zone)]
  tags                = merge(local.tags, { Name = "${var.name}-${each.key}" })
}
