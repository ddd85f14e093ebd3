# What the tests have in common, all of it given anew by those in another partition: terraform test reads this file by itself.
raw_bucket_arn     = "arn:aws:s3:::raw"
work_bucket_arn    = "arn:aws:s3:::work"
results_bucket_arn = "arn:aws:s3:::results"
data_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/data"
logs_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/logs"
secret_key_arn     = "arn:aws:kms:eu-west-1:111122223333:key/secrets"
glue_database      = "cleanreach"
metrics_namespace  = "CleanReach"
