# By way of the policy, which is made last: an object that is written before a bucket is encrypted stays as it was written.
# The values are known before anything is made.

output "raw_bucket" {
  description = "Bucket that source files are put into, under `<tenant>/<audience>/`."
  value       = aws_s3_bucket_policy.this["raw"].bucket
}

output "raw_bucket_arn" {
  description = "ARN of the raw bucket."
  value       = "arn:${local.partition}:s3:::${aws_s3_bucket_policy.this["raw"].bucket}"
}

output "work_bucket" {
  description = "Bucket of definitions, leases, runs and who opted out."
  value       = aws_s3_bucket_policy.this["work"].bucket
}

output "work_bucket_arn" {
  description = "ARN of the work bucket."
  value       = "arn:${local.partition}:s3:::${aws_s3_bucket_policy.this["work"].bucket}"
}

output "results_bucket" {
  description = "Bucket that Clean Rooms writes results into."
  value       = aws_s3_bucket_policy.this["results"].bucket
}

output "results_bucket_arn" {
  description = "ARN of the results bucket."
  value       = "arn:${local.partition}:s3:::${aws_s3_bucket_policy.this["results"].bucket}"
}
