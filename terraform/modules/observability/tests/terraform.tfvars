# What the tests have in common, all of it given anew by those in another partition: terraform test reads this file by itself.
messaging_key_arn      = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
state_machine_arn      = "arn:aws:states:eu-central-1:111122223333:stateMachine:cleanreach"
state_machine_name     = "cleanreach"
starter_arn            = "arn:aws:states:eu-central-1:111122223333:stateMachine:cleanreach-starter"
cluster_name           = "cleanreach"
event_bus_name         = "cleanreach"
dead_letter_queue_name = "cleanreach-dead-letter"
undelivered_queue_name = "cleanreach-undelivered"
run_events_queue_name  = "cleanreach-run-events"
metrics_namespace      = "CleanReach"
log_group_names        = { for stage in ["preflight", "prepare", "compare", "plan", "advance", "upload", "report"] : stage => "/cleanreach/${stage}" }
