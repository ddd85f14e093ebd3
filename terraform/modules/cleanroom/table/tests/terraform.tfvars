# What the tests of the module have in common: terraform test reads this file by itself.
name                 = "cleanreach-table-acme-vip"
description          = "Customers"
membership_id        = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
runner_membership_id = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
memberships = {
  "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01" = "111122223333"
  "5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03" = "444455556666"
}
association_name = "customers"
database_name    = "cleanreach"
table_name       = "acme_vip"
columns          = ["email", "email_sha256"]
rule             = { type = "LIST", join_columns = ["email_sha256"], list_columns = ["email"] }
result_receivers = ["111122223333"]
bucket_arn       = "arn:aws:s3:::work"
object_keys      = ["runs/acme/vip/*/prepared/*"]
key_arns         = ["arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"]
tags             = { Tenant = "acme" }
