mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

run "everywhere" {
  command = plan

  assert {
    condition = jsonencode(sort(flatten([for s in concat(local.statements, local.query_statements) : s.actions if contains(s.resources, "*")]))) == jsonencode([
      "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
      "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
      "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ])
    error_message = "only what has no resource may be allowed everywhere"
  }

  assert {
    condition     = !anytrue([for action in flatten([for s in concat(local.statements, local.query_statements) : s.actions]) : strcontains(action, "*")])
    error_message = "an action with a wildcard allows what nobody reviewed"
  }

  assert {
    condition     = !anytrue([for s in concat(local.statements, local.query_statements) : anytrue([for a in s.actions : startswith(a, "secretsmanager:") || a == "s3:DeleteObject"])])
    error_message = "the state machine reads no secret and deletes nothing"
  }
}

run "trust" {
  command = plan

  assert {
    condition = { for c in data.aws_iam_policy_document.trust.statement[0].condition : c.variable => sort(c.values) } == {
      "aws:SourceAccount" = tolist(["111122223333"])
      "aws:SourceArn"     = tolist(["arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach", "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach/Upload"])
    }
    error_message = "another state machine, or another account's, may have the role"
  }

  assert {
    condition = alltrue([for s in data.aws_iam_policy_document.dead_letters.statement :
      s.effect == "Deny" && alltrue([for c in s.condition : c.variable == "aws:SecureTransport" && contains(c.values, "false")])
    ])
    error_message = "the queue's policy allows something, or refuses other things than unencrypted calls"
  }
}

run "objects" {
  command = plan

  # Each state's key, with stars for what it fills in, must be among those that the role may get or put.
  assert {
    condition = alltrue([for state in jsondecode(output.definition).States : contains(
      endswith(state.Resource, "getObject") ? local.read : local.write,
      state.Parameters["Key.$"] == "$.held.lease.key" ? "leases/*/*/*.json" :
      replace(replace(try(regex("'(.*)'", state.Parameters["Key.$"])[0], ""), "/^{}/", local.run), "{}", "*"),
    ) if strcontains(lookup(state, "Resource", ""), "aws-sdk:s3:")])
    error_message = "a state gets or puts an object that the role may not"
  }

  # The name of the list that Upload reads comes with the input; ChooseChunks lets it be like this and not otherwise.
  assert {
    condition = (
      jsonencode(regexall("chunks-[^\"]*", jsonencode(jsondecode(output.definition).States.ChooseChunks))) == jsonencode(["chunks-*.json"]) &&
      contains(local.read, "${local.run}chunks.json") && contains(local.read, "${local.run}chunks-*.json")
    )
    error_message = "Upload reads a list of chunks that the role may not get"
  }

  assert {
    condition     = !anytrue([for key in concat(local.read, local.write) : strcontains(key, "prepared/") || strcontains(key, "quarantine/") || strcontains(key, "receipts/")])
    error_message = "the state machine reaches people's data or the receipts"
  }

  assert {
    condition = alltrue([for s in concat(local.statements, local.query_statements) : jsonencode(s.conditions) == jsonencode(local.through_cleanrooms)
      if anytrue([for r in s.resources : startswith(r, var.results_bucket_arn)])
    ])
    error_message = "the results bucket is open to more than Clean Rooms"
  }
}

run "tasks" {
  command = plan

  assert {
    condition     = alltrue([for s in concat(local.statements, local.query_statements) : !contains(s.resources, "*") && length(s.conditions) > 0 if anytrue([for a in s.actions : startswith(a, "ecs:") || a == "iam:PassRole"])])
    error_message = "tasks on other clusters, or roles for other services"
  }

  assert {
    condition = jsonencode(sort(flatten([for s in concat(local.statements, local.query_statements) : s.resources if contains(s.actions, "iam:PassRole")]))) == jsonencode(sort(concat(
      values(var.task_role_arns), [var.execution_role_arn],
    )))
    error_message = "other roles are passed than those of the tasks"
  }

  assert {
    condition     = contains(flatten([for s in local.task_statements : s.resources]), "arn:aws:ecs:eu-west-1:111122223333:task/cleanreach/*")
    error_message = "the tasks' ARNs are not the cluster's"
  }

  assert {
    condition     = local.map_machine_arn == "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach/Upload"
    error_message = "the Map's label is another than the definition's"
  }
}

run "revisions" {
  command = plan

  variables {
    task_definition_arns = {
      preflight = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-preflight:7"
      prepare   = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-prepare:7"
      compare   = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-compare:7"
      plan      = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-plan:7"
      advance   = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-advance:7"
      upload    = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-upload:7"
      report    = "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-report:7"
    }
  }

  assert {
    condition     = contains(flatten([for s in local.task_statements : s.resources]), "arn:aws:ecs:eu-west-1:111122223333:task-definition/cleanreach-plan:*")
    error_message = "a task definition with its revision is not recognised"
  }
}

run "without_queries_and_jobs" {
  command = plan

  variables {
    membership_arns = []
    glue_job_names  = []
  }

  assert {
    condition = !anytrue([for s in concat(local.statements, local.query_statements) : anytrue([
      for a in s.actions : startswith(a, "cleanrooms:") || startswith(a, "glue:") || length(s.resources) == 0
    ])])
    error_message = "queries or jobs are allowed though none were given"
  }

  assert {
    condition     = length(aws_iam_policy.queries) == 0
    error_message = "a policy without a statement is none"
  }
}
