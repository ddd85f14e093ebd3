# The user's own VPC: nothing of it is made or changed.
mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_subnets" {
    defaults = { ids = ["subnet-0a", "subnet-0b", "subnet-0c"] }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0made" }
  }
}

variables {
  existing = { vpc_id = "vpc-0a1b", subnet_ids = ["subnet-0a", "subnet-0b"], security_group_ids = ["sg-0a"] }
}

run "nothing_is_made" {
  command = plan

  assert {
    condition = length(concat(
      aws_vpc.this, values(aws_subnet.private), values(aws_subnet.public), values(aws_nat_gateway.this), aws_internet_gateway.this, aws_vpc_endpoint.s3,
      values(aws_vpc_endpoint.interface), aws_flow_log.this, aws_cloudwatch_log_group.flow, aws_iam_role.flow, aws_security_group.tasks, aws_default_security_group.this,
    )) == 0
    error_message = "the VPC is its owner's"
  }

  assert {
    condition = [output.vpc_id, output.subnet_ids, output.security_group_ids, output.nat_public_ips] == [
      "vpc-0a1b", tolist(["subnet-0a", "subnet-0b"]), tolist(["sg-0a"]), [],
    ]
    error_message = "outputs are what was given"
  }
}

run "a_group_is_made_when_none_is_given" {
  command = plan
  variables { existing = { vpc_id = "vpc-0a1b", subnet_ids = ["subnet-0a"] } }

  assert {
    condition     = aws_security_group.tasks[0].vpc_id == "vpc-0a1b" && output.security_group_ids == tolist(["sg-0made"])
    error_message = "tasks get a group in that VPC"
  }

  assert {
    condition     = [for r in aws_vpc_security_group_egress_rule.https : r.to_port] == [443]
    error_message = "which lets HTTPS out"
  }
}

run "subnet_of_another_vpc" {
  command = plan
  variables { existing = { vpc_id = "vpc-0a1b", subnet_ids = ["subnet-0a", "subnet-0f"] } }
  expect_failures = [data.aws_subnets.existing]
}

run "endpoints_in_anothers_vpc" {
  command = plan
  variables { interface_endpoints = ["logs"] }
  expect_failures = [var.interface_endpoints]
}
