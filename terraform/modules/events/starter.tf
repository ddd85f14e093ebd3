resource "aws_cloudwatch_log_group" "starter" {
  # Groups under this prefix do not count against the size of the account's policy for log delivery.
  name              = "/aws/vendedlogs/states/${local.starter_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
  tags              = local.tags
}

# The definition that the tests in statemachine/ run. Its placeholders are whole quoted strings, and none of these values
# has a quote in it.
resource "aws_sfn_state_machine" "starter" {
  name     = local.starter_name
  role_arn = aws_iam_role.this["starter"].arn
  type     = "STANDARD"
  tags     = local.tags

  # The file calls Step Functions' integrations as they are called in the partition aws; each partition has its own names.
  definition = replace(templatefile("${path.module}/../../../statemachine/starter.asl.json", {
    work_bucket           = var.work_bucket
    state_machine_arn     = var.state_machine_arn
    undelivered_queue_url = aws_sqs_queue.undelivered.url
  }), "arn:aws:states:::", "arn:${local.partition}:states:::")

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.messaging_key_arn
    kms_data_key_reuse_period_seconds = 300
  }

  # Names and errors without input and output: the history has those, for who may decrypt it.
  logging_configuration {
    level                  = "ALL"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.starter.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # Step Functions tries the role's rights to log and to use the key when it creates the state machine.
  depends_on = [aws_iam_role_policy.this]
}
