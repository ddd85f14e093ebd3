data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  tags = merge(var.tags, { Module = "observability" })

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  stages = ["preflight", "prepare", "compare", "plan", "advance", "upload", "report"]

  # The chunks of a run are executions of their own, which Step Functions counts under the state machine and the Map's label.
  chunks_arn = "${var.state_machine_arn}/Upload"

  undelivered_queue_arn = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.undelivered_queue_name}"

  console_host = lookup({
    aws-cn     = "console.amazonaws.cn"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }, local.partition, "console.aws.amazon.com")
  console = "https://${local.region}.${local.console_host}"
}
