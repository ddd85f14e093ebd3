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

run "s3_endpoint_is_for_the_accounts_own_principals_and_for_layers" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_vpc_endpoint.s3[0].policy).Statement) == jsonencode([
      {
        Sid       = "OwnPrincipals", Effect = "Allow", Action = "s3:*", Resource = "*", Principal = "*"
        Condition = { StringEquals = { "aws:PrincipalAccount" = "111122223333" } }
      },
      {
        Sid      = "ImageLayers", Effect = "Allow", Action = "s3:GetObject", Principal = "*"
        Resource = "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*"
      },
    ])
    error_message = aws_vpc_endpoint.s3[0].policy
  }
}

run "flow_logs_role_trusts_this_accounts_flow_logs" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.flow[0].assume_role_policy).Statement) == jsonencode([{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = "111122223333" }
        ArnLike      = { "aws:SourceArn" = "arn:aws:ec2:eu-central-1:111122223333:vpc-flow-log/*" }
      }
    }])
    error_message = aws_iam_role.flow[0].assume_role_policy
  }
}

run "flow_logs_role_writes_its_group_and_nothing_else" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.flow[0].policy).Statement) == jsonencode([{
      Effect = "Allow"
      Action = ["logs:PutLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups", "logs:CreateLogStream"]
      Resource = [
        "arn:aws:logs:eu-central-1:111122223333:log-group:/cleanreach/flow-logs:*",
        "arn:aws:logs:eu-central-1:111122223333:log-group:/cleanreach/flow-logs",
      ]
    }])
    error_message = aws_iam_role_policy.flow[0].policy
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow[0].name == "/cleanreach/flow-logs"
    error_message = "the group is the one that the role writes"
  }
}
