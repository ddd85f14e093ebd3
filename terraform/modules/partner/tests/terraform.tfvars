# What the tests of the module have in common: terraform test reads this file by itself.
collaboration_id     = "7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
runner_account_id    = "111122223333"
runner_membership_id = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
table = {
  database_name  = "crm"
  table_name     = "loyalty"
  match_columns  = ["email_sha256", "phone_sha256"]
  output_columns = ["tier"]
  bucket_arn     = "arn:aws:s3:::partner-crm"
  object_keys    = ["loyalty/*"]
}
