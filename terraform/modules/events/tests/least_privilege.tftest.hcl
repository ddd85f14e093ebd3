# In another partition, so that a name of the first one is found.
mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }
  mock_data "aws_region" {
    defaults = { name = "cn-north-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_cloudwatch_event_bus" {
    defaults = { arn = "arn:aws-cn:events:cn-north-1:111122223333:event-bus/cleanreach" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws-cn:events:cn-north-1:111122223333:rule/cleanreach/a-rule" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws-cn:sqs:cn-north-1:111122223333:cleanreach-undelivered"
      url = "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/cleanreach-undelivered"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws-cn:iam::111122223333:role/cleanreach-role" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws-cn:logs:cn-north-1:111122223333:log-group:/aws/vendedlogs/states/cleanreach-starter" }
  }
  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws-cn:states:cn-north-1:111122223333:stateMachine:cleanreach-starter" }
  }
}

variables {
  raw_bucket         = "raw"
  work_bucket        = "work"
  work_bucket_arn    = "arn:aws-cn:s3:::work"
  data_key_arn       = "arn:aws-cn:kms:cn-north-1:111122223333:key/data"
  messaging_key_arn  = "arn:aws-cn:kms:cn-north-1:111122223333:key/messaging"
  logs_key_arn       = "arn:aws-cn:kms:cn-north-1:111122223333:key/logs"
  state_machine_arn  = "arn:aws-cn:states:cn-north-1:111122223333:stateMachine:cleanreach"
  state_machine_name = "cleanreach"
  cluster_arn        = "arn:aws-cn:ecs:cn-north-1:111122223333:cluster/cleanreach"
}

run "roles_may_do_this_and_no_more" {
  command = plan

  assert {
    condition     = strcontains(aws_sfn_state_machine.starter.definition, "arn:aws-cn:states:::states:startExecution") && !strcontains(aws_sfn_state_machine.starter.definition, "arn:aws:")
    error_message = "the definition calls integrations by the names of another partition"
  }

  assert {
    condition = { for name, role in local.roles : name => { for s in role.statements : s.sid => join(" ", s.actions, ["on"], s.resources) if !contains(s.resources, "*") } } == {
      forward = { PutEvents = "events:PutEvents on arn:aws-cn:events:cn-north-1:111122223333:event-bus/cleanreach" }
      start   = { StartStarter = "states:StartExecution on arn:aws-cn:states:cn-north-1:111122223333:stateMachine:cleanreach-starter" }
      schedule = {
        StartStarter    = "states:StartExecution on arn:aws-cn:states:cn-north-1:111122223333:stateMachine:cleanreach-starter"
        SendUndelivered = "sqs:SendMessage on arn:aws-cn:sqs:cn-north-1:111122223333:cleanreach-undelivered"
        UseMessagingKey = "kms:Decrypt kms:GenerateDataKey on arn:aws-cn:kms:cn-north-1:111122223333:key/messaging"
      }
      starter = {
        StartRun                 = "states:StartExecution on arn:aws-cn:states:cn-north-1:111122223333:stateMachine:cleanreach"
        FindAudience             = "s3:GetObject on arn:aws-cn:s3:::work/audiences/*"
        TellMissingFromForbidden = "s3:ListBucket on arn:aws-cn:s3:::work"
        UseDataKey               = "kms:Decrypt on arn:aws-cn:kms:cn-north-1:111122223333:key/data"
        SendUndelivered          = "sqs:SendMessage on arn:aws-cn:sqs:cn-north-1:111122223333:cleanreach-undelivered"
        UseMessagingKey          = "kms:Decrypt kms:GenerateDataKey on arn:aws-cn:kms:cn-north-1:111122223333:key/messaging"
      }
    }
    error_message = "a role may do other things than before: say why beside it"
  }
  assert {
    condition     = toset(flatten([for name, role in local.roles : [for s in role.statements : "${name} ${s.sid}" if contains(s.resources, "*")]])) == toset(["starter DeliverLog", "starter Trace"])
    error_message = "only log delivery and traces have no resources"
  }
  assert {
    condition     = alltrue(flatten([for role in local.roles : [for s in role.statements : [for a in s.actions : !strcontains(a, "*")]]]))
    error_message = "an action with a star"
  }
}

run "trusts_are_bound_to_what_is_ours" {
  command = plan

  assert {
    condition = alltrue([for name in keys(local.roles) :
      one([for c in data.aws_iam_policy_document.trust[name].statement[0].condition : c if c.variable == "aws:SourceAccount"]).values == tolist(["111122223333"]) &&
      length(one([for c in data.aws_iam_policy_document.trust[name].statement[0].condition : c if c.variable == "aws:SourceArn"]).values) > 0
    ])
    error_message = "another account could make a service use a role"
  }
  assert {
    condition = { for name in keys(local.roles) : name => one(one(data.aws_iam_policy_document.trust[name].statement[0].principals).identifiers) } == {
      forward = "events.amazonaws.com", start = "events.amazonaws.com", schedule = "scheduler.amazonaws.com", starter = "states.amazonaws.com"
    }
    error_message = "a role is for one service"
  }
  assert {
    condition     = local.roles.starter.source_arns == [local.starter_arn] && local.roles.schedule.source_arns == ["arn:aws-cn:scheduler:cn-north-1:111122223333:schedule-group/cleanreach-*"]
    error_message = "a role is for one thing"
  }
}

run "queues_take_from_our_rules_by_tls" {
  command = plan

  assert {
    condition = alltrue([for name in keys(local.queues) : alltrue([for s in data.aws_iam_policy_document.queue[name].statement :
      s.effect != "Deny" ? true : s.actions == toset(["sqs:*"]) && one(s.principals).type == "*" && one(s.condition).variable == "aws:SecureTransport" && one(s.condition).values == tolist(["false"])
    ]) && length([for s in data.aws_iam_policy_document.queue[name].statement : s if s.effect == "Deny"]) == 1])
    error_message = "a queue takes what does not come by TLS"
  }
  assert {
    condition = alltrue([for name in keys(local.queues) : alltrue([for s in data.aws_iam_policy_document.queue[name].statement :
      s.effect == "Deny" ? true : s.actions == toset(["sqs:SendMessage"]) && one(one(s.principals).identifiers) == "events.amazonaws.com" && toset([for c in s.condition : c.variable]) == toset(["aws:SourceAccount", "aws:SourceArn"])
    ])])
    error_message = "a queue lets others send, or do more than send"
  }
  assert {
    condition     = local.queues.run_events.senders == [aws_cloudwatch_event_rule.run_events.arn] && length(local.queues.undelivered.senders) == 9 && contains(local.queues.undelivered.senders, "arn:aws-cn:events:cn-north-1:111122223333:rule/cleanreach/*")
    error_message = "run events come of one rule; the undelivered queue is that of the bus, of seven rules here and of any rule of the bus"
  }
}

run "the_bus_is_for_this_account" {
  command = plan

  assert {
    condition = (
      length(data.aws_iam_policy_document.bus.statement) == 1 &&
      data.aws_iam_policy_document.bus.statement[0].actions == toset(["events:PutEvents"]) &&
      one(data.aws_iam_policy_document.bus.statement[0].principals).identifiers == toset(["arn:aws-cn:iam::111122223333:root"])
    )
    error_message = "others may put events on the bus"
  }
}
