# What the tests of the module have in common: terraform test reads this file by itself.
tenant          = "acme"
collaboration   = { name = "loyalty", display_name = "Acme", partner_name = "Partner", partner_account_id = "444455556666" }
database_name   = "cleanreach"
work_bucket_arn = "arn:aws:s3:::cleanreach-work-111122223333-eu-central-1"
data_key_arn    = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
