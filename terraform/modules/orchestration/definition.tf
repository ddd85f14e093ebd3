# The definition is the file that Go tests run and a laptop runs. Filled in it must be what statemachine.Render gives:
# both are compared with statemachine/testdata/rendered.json.
locals {
  # Lists take the place of the quoted placeholder with its quotes.
  definition_with_lists = replace(replace(
    file("${path.module}/../../../statemachine/audience.asl.json"),
    "\"$${subnets}\"", jsonencode(var.subnet_ids)),
    "\"$${security_groups}\"", jsonencode(var.security_group_ids)
  )

  # The file calls Step Functions' integrations as they are called in the partition aws; each partition has its own names.
  definition_of_partition = replace(local.definition_with_lists, "arn:aws:states:::", "arn:${local.partition}:states:::")

  # A placeholder without a value is an error of templatestring.
  definition = templatestring(local.definition_of_partition, {
    work_bucket               = var.work_bucket
    work_url                  = "s3://${var.work_bucket}"
    results_bucket            = var.results_bucket
    results_url               = "s3://${var.results_bucket}"
    cluster                   = var.cluster_arn
    preflight_task_definition = var.task_definition_arns.preflight
    prepare_task_definition   = var.task_definition_arns.prepare
    compare_task_definition   = var.task_definition_arns.compare
    plan_task_definition      = var.task_definition_arns.plan
    advance_task_definition   = var.task_definition_arns.advance
    upload_task_definition    = var.task_definition_arns.upload
    report_task_definition    = var.task_definition_arns.report
    upload_capacity           = var.upload_capacity
    dead_letter_queue_url     = aws_sqs_queue.dead_letters.url
    event_bus                 = var.event_bus_name
  })

  # What the permissions name must be what the definition names.
  map_label = jsondecode(file("${path.module}/../../../statemachine/audience.asl.json")).States.Upload.Label
}
