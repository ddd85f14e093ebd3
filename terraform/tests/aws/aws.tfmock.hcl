# An account in eu-central-1. Values that other resources look at have their form.
mock_data "aws_partition" {
  defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
}
mock_data "aws_region" {
  defaults = { name = "eu-central-1" }
}
mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}
mock_data "aws_availability_zones" {
  defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"], zone_ids = ["euc1-az1", "euc1-az2", "euc1-az3"] }
}
mock_data "aws_iam_policy_document" {
  defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}
mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
}
mock_resource "aws_subnet" {
  defaults = { id = "subnet-0a" }
}
mock_resource "aws_security_group" {
  defaults = { id = "sg-0a" }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/cleanreach-role" }
}
mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::111122223333:policy/cleanreach-policy" }
}
mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:cleanreach/acme/meta-AbCdEf" }
}
mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:cleanreach-queue"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/cleanreach-queue"
  }
}
mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-central-1:111122223333:cleanreach-alerts" }
}
mock_resource "aws_cloudwatch_event_bus" {
  defaults = { arn = "arn:aws:events:eu-central-1:111122223333:event-bus/cleanreach" }
}
mock_resource "aws_cloudwatch_event_archive" {
  defaults = { arn = "arn:aws:events:eu-central-1:111122223333:archive/cleanreach" }
}
mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:eu-central-1:111122223333:rule/cleanreach/a-rule" }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/cleanreach/group" }
}
mock_resource "aws_sfn_state_machine" {
  defaults = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:cleanreach" }
}
mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws:ecr:eu-central-1:111122223333:repository/cleanreach"
    repository_url = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/cleanreach"
  }
}
mock_resource "aws_ecs_cluster" {
  defaults = { arn = "arn:aws:ecs:eu-central-1:111122223333:cluster/cleanreach" }
}
mock_resource "aws_cloudformation_stack" {
  defaults = { outputs = {
    Arn                       = "arn:aws:cleanrooms:eu-central-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01/analysistemplate/9c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a09"
    AssociationIdentifier     = "3c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a03"
    ConfiguredTableIdentifier = "4c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a04"
    CollaborationArn          = "arn:aws:cleanrooms:eu-central-1:111122223333:collaboration/7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
    CollaborationIdentifier   = "7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
    MembershipArn             = "arn:aws:cleanrooms:eu-central-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
    MembershipIdentifier      = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
  } }
}
