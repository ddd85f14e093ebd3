# An account in GovCloud. Values that other resources look at have their form.
mock_data "aws_partition" {
  defaults = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
}
mock_data "aws_region" {
  defaults = { name = "us-gov-west-1" }
}
mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}
mock_data "aws_availability_zones" {
  defaults = { names = ["us-gov-west-1a", "us-gov-west-1b", "us-gov-west-1c"], zone_ids = ["usgw1-az1", "usgw1-az2", "usgw1-az3"] }
}
mock_data "aws_iam_policy_document" {
  defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}
mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
}
mock_resource "aws_subnet" {
  defaults = { id = "subnet-0a" }
}
mock_resource "aws_security_group" {
  defaults = { id = "sg-0a" }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws-us-gov:iam::111122223333:role/cleanreach-role" }
}
mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws-us-gov:iam::111122223333:policy/cleanreach-policy" }
}
mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:cleanreach/acme/meta-AbCdEf" }
}
mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:cleanreach-queue"
    url = "https://sqs.us-gov-west-1.amazonaws.com/111122223333/cleanreach-queue"
  }
}
mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws-us-gov:sns:us-gov-west-1:111122223333:cleanreach-alerts" }
}
mock_resource "aws_cloudwatch_event_bus" {
  defaults = { arn = "arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/cleanreach" }
}
mock_resource "aws_cloudwatch_event_archive" {
  defaults = { arn = "arn:aws-us-gov:events:us-gov-west-1:111122223333:archive/cleanreach" }
}
mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws-us-gov:events:us-gov-west-1:111122223333:rule/cleanreach/a-rule" }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:/cleanreach/group" }
}
mock_resource "aws_sfn_state_machine" {
  defaults = { arn = "arn:aws-us-gov:states:us-gov-west-1:111122223333:stateMachine:cleanreach" }
}
mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws-us-gov:ecr:us-gov-west-1:111122223333:repository/cleanreach"
    repository_url = "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/cleanreach"
  }
}
mock_resource "aws_ecs_cluster" {
  defaults = { arn = "arn:aws-us-gov:ecs:us-gov-west-1:111122223333:cluster/cleanreach" }
}
mock_resource "aws_cloudformation_stack" {
  defaults = { outputs = {
    Arn                       = "arn:aws-us-gov:cleanrooms:us-gov-west-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01/analysistemplate/9c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a09"
    AssociationIdentifier     = "3c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a03"
    ConfiguredTableIdentifier = "4c0e6f5e-0f4b-4b7c-9d53-2a6c1e7b8a04"
    CollaborationArn          = "arn:aws-us-gov:cleanrooms:us-gov-west-1:111122223333:collaboration/7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
    CollaborationIdentifier   = "7d2b8c14-5e61-4f0a-8a0e-3c9f6d1e2b02"
    MembershipArn             = "arn:aws-us-gov:cleanrooms:us-gov-west-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
    MembershipIdentifier      = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
  } }
}
