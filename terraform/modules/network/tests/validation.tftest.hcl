# The provider itself plans and renders, without credentials and without a connection.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

override_data {
  target = data.aws_availability_zones.available
  values = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
}

override_data {
  target = data.aws_vpc_endpoint_service.s3
  values = { service_name = "com.amazonaws.eu-central-1.s3" }
}

override_data {
  target = data.aws_vpc_endpoint_service.interface
  values = {
    service_name       = "com.amazonaws.eu-central-1.service"
    availability_zones = ["eu-central-1b", "eu-central-1c"]
  }
}

variables {
  logs_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "name_too_long" {
  command = plan
  variables { name = "abcdefghijklmnopqrstu" }
  expect_failures = [var.name]
}

run "vpc_too_large" {
  command = plan
  variables { vpc_cidr = "10.0.0.0/15" }
  expect_failures = [var.vpc_cidr]
}

run "vpc_too_small" {
  command = plan
  variables { vpc_cidr = "10.0.0.0/25" }
  expect_failures = [var.vpc_cidr]
}

run "vpc_not_at_its_first_address" {
  command = plan
  variables { vpc_cidr = "10.0.0.1/20" }
  expect_failures = [var.vpc_cidr]
}

run "vpc_of_ipv6" {
  command = plan
  variables { vpc_cidr = "fd00::/24" }
  expect_failures = [var.vpc_cidr]
}

run "vpc_of_words" {
  command = plan
  variables { vpc_cidr = "large" }
  expect_failures = [var.vpc_cidr]
}

run "no_zone" {
  command = plan
  variables { availability_zone_count = 0 }
  expect_failures = [var.availability_zone_count]
}

run "five_zones" {
  command = plan
  variables { availability_zone_count = 5 }
  expect_failures = [var.availability_zone_count]
}

run "more_zones_than_the_region_has" {
  command = plan
  variables { availability_zone_count = 4 }
  expect_failures = [data.aws_availability_zones.available]
}

run "another_nat" {
  command = plan
  variables { nat_gateway = "none" }
  expect_failures = [var.nat_gateway]
}

run "unknown_endpoint" {
  command = plan
  variables { interface_endpoints = ["ecr.api", "ec2"] }
  expect_failures = [var.interface_endpoints]
}

run "endpoint_by_its_long_name" {
  command = plan
  variables { interface_endpoints = ["com.amazonaws.eu-central-1.logs"] }
  expect_failures = [var.interface_endpoints]
}

run "endpoint_in_no_zone_of_ours" {
  command = plan

  variables {
    interface_endpoints     = ["logs"]
    availability_zone_count = 1
  }

  expect_failures = [data.aws_vpc_endpoint_service.interface]
}

run "retention_that_cloudwatch_does_not_take" {
  command = plan
  variables { flow_log_retention_days = 364 }
  expect_failures = [var.flow_log_retention_days]
}

run "no_key" {
  command = plan
  variables { logs_key_arn = null }
  expect_failures = [var.logs_key_arn]
}

run "alias_for_a_key" {
  command = plan
  variables { logs_key_arn = "arn:aws:kms:eu-central-1:111122223333:alias/x" }
  expect_failures = [var.logs_key_arn]
}

run "existing_without_subnets" {
  command = plan
  variables { existing = { vpc_id = "vpc-0a1b", subnet_ids = [] } }
  expect_failures = [var.existing]
}

run "existing_with_names" {
  command = plan
  variables { existing = { vpc_id = "main", subnet_ids = ["subnet-0a"] } }
  expect_failures = [var.existing]
}

run "existing_with_another_kind_of_id" {
  command = plan
  variables { existing = { vpc_id = "vpc-0a1b", subnet_ids = ["sg-0a"] } }
  expect_failures = [var.existing]
}

run "existing_with_six_groups" {
  command = plan
  variables { existing = { vpc_id = "vpc-0a1b", subnet_ids = ["subnet-0a"], security_group_ids = ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"] } }
  expect_failures = [var.existing]
}
