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
  # sns: a topic that delivers to an encrypted queue. cloudwatch and budgets: alarms and budgets that publish to an encrypted
  # topic. scheduler: schedules; their payloads it decrypts as the schedule's role. S3 and Step Functions are not here:
  # their events come by way of EventBridge.
  messaging_services = ["sns", "cloudwatch", "budgets", "scheduler"]

  # What EventBridge encrypts for, by the key of the encryption context that holds its ARN: the bus, and the topics and
  # queues that rules send to, dead letters among them.
  event_contexts = {
    Buses         = { key = "aws:events:event-bus:arn", arn = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/*" }
    RulesToTopics = { key = "aws:sns:topicArn", arn = "arn:${local.partition}:sns:${local.region}:${local.account}:*" }
    RulesToQueues = { key = "aws:sqs:arn", arn = "arn:${local.partition}:sqs:${local.region}:${local.account}:*" }
  }
}

data "aws_iam_policy_document" "messaging" {
  source_policy_documents = [data.aws_iam_policy_document.account.json]

  statement {
    sid       = "Senders"
    actions   = ["kms:GenerateDataKey*", "kms:Decrypt"]
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

  # Before EventBridge takes a key for a bus it looks whether it is symmetric. That call has no encryption context, and AWS
  # documents it without a condition. Nothing is encrypted or decrypted by it.
  statement {
    sid       = "LookAtKey"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }

  # By the encryption context, which is there in every call: region and account are in it. Not by aws:SourceAccount: AWS
  # documents that EventBridge does not give it to KMS for an encrypted topic, and does not say for a queue.
  dynamic "statement" {
    for_each = local.event_contexts

    content {
      sid       = statement.key
      actions   = ["kms:GenerateDataKey*", "kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnLike"
        variable = "kms:EncryptionContext:${statement.value.key}"
        values   = [statement.value.arn]
      }
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
