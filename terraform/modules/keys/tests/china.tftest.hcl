# Another partition: other ARNs, and CloudWatch Logs under another name.
provider "aws" {
  region                      = "cn-north-1"
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

run "names_are_of_the_partition" {
  command = plan

  assert {
    condition     = alltrue([for key in aws_kms_key.this : !strcontains(key.policy, "arn:aws:")])
    error_message = "an ARN is of the partition aws"
  }

  assert {
    condition     = jsondecode(aws_kms_key.this["logs"].policy).Statement[1].Principal.Service == "logs.cn-north-1.amazonaws.com.cn"
    error_message = aws_kms_key.this["logs"].policy
  }
}
