locals {
  # What expires, by prefix, and after how many days. What is not named stays: in work the definitions (audiences/), the
  # leases (leases/), whatever tables point to before their first run, who opted out (suppression/), and who is in an audience (state/),
  # which must not be forgotten: the report removes what a mirror needs no more.
  expiry = {
    raw     = { prefix = "", days = var.retention_days.raw }
    work    = { prefix = "runs/", days = var.retention_days.runs }
    results = { prefix = "runs/", days = var.retention_days.results }
    logs    = { prefix = "", days = var.retention_days.access_logs }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.expiry

  bucket = aws_s3_bucket.this[each.key].bucket

  # An expiry in days also removes the marker that it leaves, once the versions under it are gone.
  rule {
    id     = "expire"
    status = "Enabled"

    filter {
      prefix = each.value.prefix
    }

    expiration {
      days = each.value.days
    }
  }

  # Of every prefix: a lease is written anew every few minutes for as long as a run lasts, and each time leaves a version.
  rule {
    id     = "clear"
    status = "Enabled"

    filter {
      prefix = ""
    }

    noncurrent_version_expiration {
      noncurrent_days = var.retention_days.noncurrent
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
