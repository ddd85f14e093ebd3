data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  tags = merge(var.tags, { Module = "storage" })

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  # raw: what the company puts in. work: definitions, leases and the documents of runs. results: what Clean Rooms writes,
  # apart from the others because it refuses to write into a bucket that holds a source. logs: who accessed the three.
  data_buckets = toset(["raw", "work", "results"])
  buckets      = setunion(local.data_buckets, ["logs"])

  # Account and region make the names unique without a random part, and known before anything is made.
  names = { for b in local.buckets : b => "${var.name}-${b}-${local.account}-${data.aws_region.current.name}" }
  arns  = { for b in local.buckets : b => "arn:${local.partition}:s3:::${local.names[b]}" }
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket        = local.names[each.key]
  force_destroy = var.force_destroy
  tags          = local.tags
}

# No ACLs: whatever another account or a service writes belongs to this account, and policies alone decide.
resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

# Clean Rooms and Step Functions write without naming a key: this default is what encrypts their objects. The bucket key
# spares a call to KMS for each object.
resource "aws_s3_bucket_server_side_encryption_configuration" "data" {
  for_each = local.data_buckets

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.data_key_arn
    }
  }
}

# Server access logs are delivered only to buckets whose default is S3's own key: AWS does not support SSE-KMS there.
resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.this["logs"].bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# The log bucket does not log itself: each log would be an access to log.
resource "aws_s3_bucket_logging" "data" {
  for_each = local.data_buckets

  bucket        = aws_s3_bucket.this[each.key].bucket
  target_bucket = aws_s3_bucket.this["logs"].bucket
  target_prefix = "${each.key}/"

  depends_on = [aws_s3_bucket_policy.this]
}

# A marker object in raw starts a run. The other buckets have nothing to tell.
resource "aws_s3_bucket_notification" "raw" {
  bucket      = aws_s3_bucket.this["raw"].bucket
  eventbridge = true
}
