# What the tests of the module have in common: terraform test reads this file by itself.
# They are the values of statemachine/golden_test.go.
cluster_arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/cleanreach"
task_definition_arns = {
  preflight = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-preflight"
  prepare   = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-prepare"
  compare   = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-compare"
  plan      = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-plan"
  advance   = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-advance"
  upload    = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-upload"
  report    = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-report"
}
task_role_arns = {
  preflight = "arn:aws:iam::111122223333:role/cleanreach-preflight"
  prepare   = "arn:aws:iam::111122223333:role/cleanreach-prepare"
  compare   = "arn:aws:iam::111122223333:role/cleanreach-compare"
  plan      = "arn:aws:iam::111122223333:role/cleanreach-plan"
  advance   = "arn:aws:iam::111122223333:role/cleanreach-advance"
  upload    = "arn:aws:iam::111122223333:role/cleanreach-upload"
  report    = "arn:aws:iam::111122223333:role/cleanreach-report"
}
execution_role_arn = "arn:aws:iam::111122223333:role/cleanreach-execution"
subnet_ids         = ["subnet-0a", "subnet-0b"]
security_group_ids = ["sg-0a"]
work_bucket        = "cleanreach-work-111122223333-eu-west-1"
work_bucket_arn    = "arn:aws:s3:::cleanreach-work-111122223333-eu-west-1"
results_bucket     = "cleanreach-results-111122223333-eu-west-1"
results_bucket_arn = "arn:aws:s3:::cleanreach-results-111122223333-eu-west-1"
data_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/data"
logs_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/logs"
messaging_key_arn  = "arn:aws:kms:eu-west-1:111122223333:key/messaging"
event_bus_name     = "cleanreach"
event_bus_arn      = "arn:aws:events:eu-west-1:111122223333:event-bus/cleanreach"
membership_arns    = ["arn:aws:cleanrooms:eu-west-1:111122223333:membership/11111111-2222-3333-4444-555555555555"]
glue_job_names     = ["acme-prepare"]
tags               = { Owner = "marketing" }
