data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  account   = data.aws_caller_identity.current.account_id

  # What would make a circle if it came from the module that makes it: the secrets' policy names the tasks' roles, whose
  # policies name the secrets; the starter starts the state machine, which publishes on the starter's bus.
  state_machine_arn = "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${var.name}"
  token_readers     = [for stage in ["preflight", "advance", "upload", "report"] : "arn:${local.partition}:iam::${local.account}:role/${var.name}-${stage}"]

  # By name too, so that what is wrong with an audience is known at plan.
  raw_bucket     = "${var.name}-raw-${local.account}-${local.region}"
  results_bucket = "${var.name}-results-${local.account}-${local.region}"
}
