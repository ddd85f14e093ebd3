data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  tags = merge(var.tags, { Module = "events" })

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  starter_name = "${var.name}-starter"

  # Built from the name: the starter's role must name the starter, and the starter its role.
  starter_arn = "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${local.starter_name}"
}

# One bus for all that starts runs and for all that comes of them.
resource "aws_cloudwatch_event_bus" "this" {
  name               = var.name
  description        = "Requests for runs, and what became of them"
  kms_key_identifier = var.messaging_key_arn
  tags               = local.tags

  # For events that EventBridge could not encrypt or decrypt, should somebody take the key away.
  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

# Every event of the bus, to replay from. The provider's version 5.100.0 cannot give an archive a KMS key
# (KmsKeyIdentifier of CreateArchive): it is encrypted with a key that AWS owns. There are no people in these events, only
# names, counts and reasons.
resource "aws_cloudwatch_event_archive" "this" {
  name             = var.name
  description      = "All events of the bus ${var.name}"
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  retention_days   = var.archive_retention_days
}

# Only principals of this account may put events, and of those only who may by their own policy. Without a policy it would be
# the same; with it, whoever lets another account in changes what is written here.
data "aws_iam_policy_document" "bus" {
  statement {
    sid       = "ThisAccount"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.this.arn]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name
  policy         = data.aws_iam_policy_document.bus.json
}
