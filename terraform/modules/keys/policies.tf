# Who may use which key. Two ways lead to a key:
#
# 1. Roles of this account. The statement "Account" hands the decision to IAM, so each role has what its own policy says.
#    This is how all data is read and written: S3 calls KMS with the rights of whoever calls S3, by default encryption or
#    not. That is so for the tasks, for the state machine (documents, Map results), for a Glue job, for the role by which
#    Clean Rooms reads the tables, and for Clean Rooms writing a result: it does so in a forward access session of the
#    state machine's role. Likewise SQS, SNS, EventBridge and Scheduler use the rights of the role that sends, puts or is
#    the execution role of a schedule, and Step Functions those of a state machine's role.
# 2. Services that act for nobody. They are named below, each bound to this account: without the condition another
#    account's alarm or rule could make the service use this key.

data "aws_iam_policy_document" "account" {
  # It says "root", which in a key policy means the account, and it keeps the key manageable: a key whose policy names
  # nobody who exists can only be recovered by AWS support.
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"] # in a key policy: this key

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
}

# No service uses the data key by itself. S3's notifications and access logs do not read objects.
data "aws_iam_policy_document" "data" {
  source_policy_documents = [data.aws_iam_policy_document.account.json]
}

data "aws_iam_policy_document" "logs" {
  source_policy_documents = [data.aws_iam_policy_document.account.json]

  # CloudWatch Logs puts the log group's ARN into the encryption context, which holds region and account.
  statement {
    sid       = "LogGroups"
    actions   = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.${data.aws_partition.current.dns_suffix}"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*"]
    }
  }
}

locals {
  # events: the bus, and rules that send to encrypted queues and topics, dead letters among them. sns: a topic that
  # delivers to an encrypted queue. cloudwatch and budgets: alarms and budgets that publish to an encrypted topic.
  # scheduler: schedules; their payloads it decrypts as the schedule's role. S3 and Step Functions are not here: their
  # events come by way of EventBridge.
  messaging_services = ["events", "sns", "cloudwatch", "budgets", "scheduler"]
}

data "aws_iam_policy_document" "messaging" {
  source_policy_documents = [data.aws_iam_policy_document.account.json]

  # EventBridge also looks, before it takes a key for a bus, whether it is symmetric: DescribeKey.
  statement {
    sid       = "Senders"
    actions   = ["kms:GenerateDataKey*", "kms:Decrypt", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = [for service in local.messaging_services : "${service}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  # A rule that sends to an encrypted topic: AWS documents that EventBridge gives KMS neither aws:SourceAccount nor
  # aws:SourceArn then, so the statement above does not reach. SNS puts the topic's ARN into the encryption context, which
  # holds region and account.
  statement {
    sid       = "RulesToTopics"
    actions   = ["kms:GenerateDataKey*", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:sns:topicArn"
      values   = ["arn:${local.partition}:sns:${local.region}:${local.account}:*"]
    }
  }

  # A state machine with this key encrypts what it logs, and the delivery to CloudWatch Logs decrypts it. AWS documents
  # neither aws:SourceAccount nor aws:SourceArn for this call. The encryption context binds it as well: KMS refuses to
  # decrypt under another context than the state machine's role encrypted with, which is this region and account's.
  statement {
    sid       = "StateMachineLogs"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:SourceArn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:*"]
    }
  }
}
