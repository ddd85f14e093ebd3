# The provider itself renders the policies, without credentials and without a connection: what is judged is what KMS gets.
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

variables {
  account = {
    Sid       = "Account", Effect = "Allow", Action = "kms:*", Resource = "*"
    Principal = { AWS = "arn:aws:iam::111122223333:root" }
  }
}

run "each_key_has_its_policy" {
  command = plan

  assert {
    condition = alltrue([
      jsondecode(aws_kms_key.this["data"].policy) == jsondecode(data.aws_iam_policy_document.data.json),
      jsondecode(aws_kms_key.this["logs"].policy) == jsondecode(data.aws_iam_policy_document.logs.json),
      jsondecode(aws_kms_key.this["messaging"].policy) == jsondecode(data.aws_iam_policy_document.messaging.json),
    ])
    error_message = "a key has another key's policy"
  }
}

run "data_is_for_roles_of_the_account" {
  command = plan

  assert {
    condition     = jsonencode(jsondecode(aws_kms_key.this["data"].policy).Statement) == jsonencode([var.account])
    error_message = "more than IAM can give access to data: ${aws_kms_key.this["data"].policy}"
  }
}

run "logs_are_for_this_accounts_log_groups" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_kms_key.this["logs"].policy).Statement) == jsonencode([var.account, {
      Sid       = "LogGroups", Effect = "Allow", Resource = "*"
      Action    = ["kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Encrypt*", "kms:Describe*", "kms:Decrypt*"]
      Principal = { Service = "logs.eu-central-1.amazonaws.com" }
      Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-central-1:111122223333:log-group:*" } }
    }])
    error_message = aws_kms_key.this["logs"].policy
  }
}

run "messaging_is_for_services_that_act_for_this_account" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_kms_key.this["messaging"].policy).Statement) == jsonencode([
      var.account,
      {
        Sid    = "Senders", Effect = "Allow", Resource = "*"
        Action = ["kms:GenerateDataKey*", "kms:Decrypt"]
        Principal = { Service = [
          "sns.amazonaws.com", "scheduler.amazonaws.com", "cloudwatch.amazonaws.com", "budgets.amazonaws.com",
        ] }
        Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
      },
      { Sid = "LookAtKey", Effect = "Allow", Action = "kms:DescribeKey", Resource = "*", Principal = { Service = "events.amazonaws.com" } },
      {
        Sid       = "Buses", Effect = "Allow", Action = ["kms:GenerateDataKey*", "kms:Decrypt"], Resource = "*"
        Principal = { Service = "events.amazonaws.com" }
        Condition = { ArnLike = { "kms:EncryptionContext:aws:events:event-bus:arn" = "arn:aws:events:eu-central-1:111122223333:event-bus/*" } }
      },
      {
        Sid       = "RulesToQueues", Effect = "Allow", Action = ["kms:GenerateDataKey*", "kms:Decrypt"], Resource = "*"
        Principal = { Service = "events.amazonaws.com" }
        Condition = { ArnLike = { "kms:EncryptionContext:aws:sqs:arn" = "arn:aws:sqs:eu-central-1:111122223333:*" } }
      },
      {
        Sid       = "RulesToTopics", Effect = "Allow", Action = ["kms:GenerateDataKey*", "kms:Decrypt"], Resource = "*"
        Principal = { Service = "events.amazonaws.com" }
        Condition = { ArnLike = { "kms:EncryptionContext:aws:sns:topicArn" = "arn:aws:sns:eu-central-1:111122223333:*" } }
      },
      {
        Sid       = "StateMachineLogs", Effect = "Allow", Action = "kms:Decrypt", Resource = "*"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Condition = { StringLike = { "kms:EncryptionContext:SourceArn" = "arn:aws:logs:eu-central-1:111122223333:*" } }
      },
    ])
    error_message = aws_kms_key.this["messaging"].policy
  }
}

run "no_service_is_unbound" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for key in aws_kms_key.this : [
        for s in jsondecode(key.policy).Statement : can(s.Condition) || s.Action == "kms:DescribeKey" if can(s.Principal.Service)
      ]
    ]))
    error_message = "a service may use a key for whoever asks it to"
  }
}
