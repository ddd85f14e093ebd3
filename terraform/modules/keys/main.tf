data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  tags = merge(var.tags, { Module = "keys" })

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  # Three keys and not one, so that each policy stays small and access to people's data can be revoked without stopping
  # logs or alarms.
  keys = {
    data = {
      description = "${var.name}: objects in the raw, work and results buckets"
      policy      = data.aws_iam_policy_document.data.json
    }
    logs = {
      description = "${var.name}: log groups"
      policy      = data.aws_iam_policy_document.logs.json
    }
    messaging = {
      description = "${var.name}: queues, topics, event bus, schedules and the state machines' histories"
      policy      = data.aws_iam_policy_document.messaging.json
    }
  }
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  description             = each.value.description
  policy                  = each.value.policy
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_in_days
  tags                    = local.tags
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}
