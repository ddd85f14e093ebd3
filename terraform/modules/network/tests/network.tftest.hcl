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

run "defaults" {
  command = plan

  assert {
    condition = { for zone, s in aws_subnet.private : zone => s.cidr_block } == {
      eu-central-1a = "10.42.0.0/23"
      eu-central-1b = "10.42.2.0/23"
    }
    error_message = "two zones, an eighth of the addresses each"
  }

  assert {
    condition     = data.aws_availability_zones.available[0].exclude_zone_ids == toset(["apne1-az3", "cnn1-az3", "use1-az3", "usw1-az2"])
    error_message = "zones without Fargate are taken too"
  }

  # EC2 refuses a rule whose description has another character, and no plan tells.
  assert {
    condition = alltrue([
      for rule in concat(aws_vpc_security_group_egress_rule.https, aws_vpc_security_group_ingress_rule.endpoints) :
      can(regex("^[a-zA-Z0-9. _:/()#,@+=&;{}!$*\\[\\]-]{1,255}$", rule.description))
    ])
    error_message = "the description of a security group's rule has a character that EC2 does not take"
  }

  assert {
    condition     = { for zone, s in aws_subnet.public : zone => s.cidr_block } == { eu-central-1a = "10.42.8.0/24" }
    error_message = "a public subnet is there for the NAT gateway alone"
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-central-1a"] && keys(aws_route.nat) == ["eu-central-1a", "eu-central-1b"]
    error_message = "one NAT gateway, and a route to it from each zone"
  }

  assert {
    condition     = alltrue([for s in concat(values(aws_subnet.private), values(aws_subnet.public)) : !s.map_public_ip_on_launch])
    error_message = "nothing gets a public address by itself"
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0 && length(aws_security_group.endpoints) == 0
    error_message = "interface endpoints cost money, and are made only when asked for"
  }

  assert {
    condition = alltrue([
      for r in concat(aws_vpc.this, values(aws_subnet.private), values(aws_nat_gateway.this), aws_security_group.tasks, aws_cloudwatch_log_group.flow, aws_flow_log.this) :
      r.tags["Module"] == "network"
    ])
    error_message = "all that is made is tagged"
  }
}

run "security_groups" {
  command = plan

  assert {
    condition     = alltrue([for r in aws_vpc_security_group_egress_rule.https : [r.ip_protocol, r.from_port, r.to_port] == ["tcp", 443, 443]]) && length(aws_vpc_security_group_egress_rule.https) == 1
    error_message = "tasks call out by HTTPS alone"
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.endpoints) == 0
    error_message = "nothing calls in"
  }

  assert {
    condition     = [for g in aws_default_security_group.this : length(g.ingress) + length(g.egress)] == [0]
    error_message = "the default group is closed"
  }
}

run "four_zones_where_there_are_four" {
  command = plan

  variables {
    availability_zone_count = 4
    nat_gateway             = "per_zone"
    vpc_cidr                = "192.168.7.0/24"
  }

  override_data {
    target = data.aws_availability_zones.available
    values = { names = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e"] }
  }

  assert {
    condition     = [for s in aws_subnet.private : s.cidr_block] == ["192.168.7.0/27", "192.168.7.32/27", "192.168.7.64/27", "192.168.7.96/27"]
    error_message = "the smallest VPC has room for four zones"
  }

  assert {
    condition     = [for s in aws_subnet.public : s.cidr_block] == ["192.168.7.128/28", "192.168.7.144/28", "192.168.7.160/28", "192.168.7.176/28"]
    error_message = "public subnets overlap none of the private ones, and are no smaller than AWS takes"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 4 && length(aws_eip.nat) == 4
    error_message = "a NAT gateway in each zone"
  }
}

run "single_nat_serves_all_zones" {
  command = plan

  override_resource {
    target          = aws_nat_gateway.this["eu-central-1a"]
    override_during = plan
    values          = { id = "nat-a" }
  }

  assert {
    condition     = [for r in aws_route.nat : r.nat_gateway_id] == ["nat-a", "nat-a"]
    error_message = "each zone's way out is the one gateway"
  }
}

run "each_zone_has_its_nat" {
  command = plan
  variables { nat_gateway = "per_zone" }

  override_resource {
    target          = aws_nat_gateway.this["eu-central-1a"]
    override_during = plan
    values          = { id = "nat-a" }
  }

  override_resource {
    target          = aws_nat_gateway.this["eu-central-1b"]
    override_during = plan
    values          = { id = "nat-b" }
  }

  assert {
    condition     = [for r in aws_route.nat : r.nat_gateway_id] == ["nat-a", "nat-b"]
    error_message = "no zone depends on another's gateway"
  }
}

run "interface_endpoints" {
  command = plan

  variables {
    interface_endpoints     = ["ecr.api", "logs"]
    availability_zone_count = 3
  }

  override_resource {
    target          = aws_subnet.private["eu-central-1b"]
    override_during = plan
    values          = { id = "subnet-b" }
  }

  override_resource {
    target          = aws_subnet.private["eu-central-1c"]
    override_during = plan
    values          = { id = "subnet-c" }
  }

  override_resource {
    target          = aws_security_group.tasks
    override_during = plan
    values          = { id = "sg-tasks" }
  }

  assert {
    condition = alltrue([
      for e in aws_vpc_endpoint.interface : e.private_dns_enabled && e.vpc_endpoint_type == "Interface" && e.subnet_ids == toset(["subnet-b", "subnet-c"])
    ]) && keys(aws_vpc_endpoint.interface) == ["ecr.api", "logs"]
    error_message = "an endpoint a service, in the zones that have it, under the service's own name"
  }

  assert {
    condition     = alltrue([for r in aws_vpc_security_group_ingress_rule.endpoints : [r.ip_protocol, r.from_port, r.to_port, r.referenced_security_group_id] == ["tcp", 443, 443, "sg-tasks"] && r.cidr_ipv4 == null]) && length(aws_vpc_security_group_ingress_rule.endpoints) == 1
    error_message = "endpoints take HTTPS from the tasks' group"
  }
}

run "flow_logs" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.flow[0].kms_key_id == var.logs_key_arn && aws_cloudwatch_log_group.flow[0].retention_in_days == 365
    error_message = "flow logs are encrypted and kept for a year"
  }

  assert {
    condition     = aws_flow_log.this[0].traffic_type == "ALL"
    error_message = "what was refused is logged too"
  }
}
