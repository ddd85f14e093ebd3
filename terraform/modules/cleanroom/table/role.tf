# The role by which Clean Rooms reads the table's files and its entry in Glue.

# The two ways in which Clean Rooms takes the role, as its user guide has them ("Cross-service confused deputy prevention"):
# for a query, with the runner's membership in the external id; for metadata, on behalf of a membership of the
# collaboration. Each names memberships, which is narrower than aws:SourceAccount and, with a partner's among them, not
# the same.
data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "AllowIfExternalIdMatches"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["cleanrooms.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "sts:ExternalId"
      values   = ["arn:${local.partition}:*:${local.region}:*:dbuser:*/${var.runner_membership_id}*"]
    }
  }

  statement {
    sid     = "AllowIfSourceArnMatches"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["cleanrooms.amazonaws.com"]
    }

    condition {
      test     = "ForAnyValue:ArnEquals"
      variable = "aws:SourceArn"
      values   = [for id, account in var.memberships : "arn:${local.partition}:cleanrooms:${local.region}:${account}:membership/${id}"]
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid     = "ReadTable"
    actions = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"]

    resources = [
      "arn:${local.partition}:glue:${local.region}:${local.account}:catalog",
      "arn:${local.partition}:glue:${local.region}:${local.account}:database/${var.database_name}",
      "arn:${local.partition}:glue:${local.region}:${local.account}:table/${var.database_name}/${var.table_name}",
    ]
  }

  # A table may have its columns from Glue's schema registry.
  statement {
    sid     = "ReadSchema"
    actions = ["glue:GetSchema", "glue:GetSchemaVersion"]

    resources = [
      "arn:${local.partition}:glue:${local.region}:${local.account}:registry/*",
      "arn:${local.partition}:glue:${local.region}:${local.account}:schema/*",
    ]
  }

  # Not by prefix: AWS does not say by which prefixes Clean Rooms lists, nor whether it asks for the bucket itself. It
  # sees names of objects, and reads those below only.
  statement {
    sid       = "FindFiles"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.bucket_arn]

    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "ReadFiles"
    actions   = ["s3:GetObject"]
    resources = [for keys in var.object_keys : "${var.bucket_arn}/${keys}"]

    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [local.account]
    }
  }

  dynamic "statement" {
    for_each = length(var.key_arns) == 0 ? [] : [var.key_arns]

    content {
      sid       = "UseKeys"
      actions   = ["kms:Decrypt"]
      resources = statement.value

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${data.aws_partition.current.dns_suffix}", "glue.${local.region}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  description        = "By which Clean Rooms reads the table ${var.database_name}.${var.table_name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  name   = "read"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.read.json
}
