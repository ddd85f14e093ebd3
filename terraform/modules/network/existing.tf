# A subnet of another VPC would be found out only by the first task that does not start.
data "aws_subnets" "existing" {
  count = local.own ? 0 : 1

  filter {
    name   = "vpc-id"
    values = [var.existing.vpc_id]
  }

  lifecycle {
    postcondition {
      condition     = length(setsubtract(var.existing.subnet_ids, self.ids)) == 0
      error_message = "existing.subnet_ids: ${join(", ", setsubtract(var.existing.subnet_ids, self.ids))} are no subnets of ${var.existing.vpc_id}."
    }
  }
}
