data "aws_iam_policy_document" "tls" {
  for_each = local.buckets

  statement {
    sid       = "OnlyTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.arns[each.key], "${local.arns[each.key]}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # A service that calls S3 for somebody may carry no version: a condition on a number that is absent does not match.
  statement {
    sid       = "OnlyTLS12"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.arns[each.key], "${local.arns[each.key]}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }
}

data "aws_iam_policy_document" "data" {
  for_each = local.data_buckets

  source_policy_documents = [data.aws_iam_policy_document.tls[each.key].json]

  # Whoever names a key names the bucket's. A policy is evaluated before the default encryption, so a writer that relies on
  # the default (Clean Rooms, Step Functions, the tasks) comes without this header and must pass. A negated operator is
  # true for an absent header, StringNotEqualsIfExists too, and would refuse them all: hence the condition Null.
  statement {
    sid       = "OnlyTheBucketsKey"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${local.arns[each.key]}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [var.data_key_arn]
    }
  }

  # Who names an algorithm but no key gets one that is not the bucket's: S3's own, or the account's aws/s3. Only raw says
  # no to it, because there the writers are the company's and can change; how AWS's services write is not ours to bind.
  dynamic "statement" {
    for_each = each.key == "raw" ? ["raw"] : []

    content {
      sid       = "NoAlgorithmWithoutKey"
      effect    = "Deny"
      actions   = ["s3:PutObject"]
      resources = ["${local.arns[statement.value]}/*"]

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }

      condition {
        test     = "Null"
        variable = "s3:x-amz-server-side-encryption"
        values   = ["false"]
      }

      condition {
        test     = "Null"
        variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
        values   = ["true"]
      }
    }
  }
}

data "aws_iam_policy_document" "logs" {
  source_policy_documents = [data.aws_iam_policy_document.tls["logs"].json]

  dynamic "statement" {
    for_each = local.data_buckets

    content {
      sid       = "AccessLogsOf${title(statement.value)}"
      actions   = ["s3:PutObject"]
      resources = ["${local.arns["logs"]}/${statement.value}/*"]

      principals {
        type        = "Service"
        identifiers = ["logging.s3.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [local.arns[statement.value]]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].bucket
  policy = each.key == "logs" ? data.aws_iam_policy_document.logs.json : data.aws_iam_policy_document.data[each.key].json

  # Last of all: the outputs refer to it, so nobody writes into a bucket that is not yet encrypted and closed.
  depends_on = [
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.data,
    aws_s3_bucket_server_side_encryption_configuration.logs,
    aws_s3_bucket_versioning.this,
  ]
}
