mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/cleanreach-role" }
  }
  mock_resource "aws_ecr_repository" {
    defaults = {
      arn            = "arn:aws:ecr:eu-west-1:111122223333:repository/cleanreach"
      repository_url = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/cleanreach"
    }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/cleanreach" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/cleanreach/tasks/stage" }
  }
}

variables {
  secret_arns  = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:cleanreach/acme/meta-AbCdEf"]
  table_names  = ["acme_lapsed_vip"]
  image_digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  tags         = { Owner = "marketing" }
}

run "containers" {
  command = plan

  assert {
    condition = alltrue([for definition in aws_ecs_task_definition.stage : alltrue([for container in jsondecode(definition.container_definitions) :
      container.readonlyRootFilesystem && container.user == "65532:65532" && !container.privileged &&
      container.linuxParameters.capabilities.drop == ["ALL"] && container.stopTimeout == 120 && container.name == "cleanreach"
    ])])
    error_message = "a container has rights that it does not need, or too little time to stop"
  }

  assert {
    condition = alltrue([for definition in aws_ecs_task_definition.stage : alltrue([for container in jsondecode(definition.container_definitions) :
      container.image == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/cleanreach@${var.image_digest}"
    ])])
    error_message = "the image is not pinned by its digest"
  }

  assert {
    condition = alltrue([for stage, definition in aws_ecs_task_definition.stage : alltrue([for container in jsondecode(definition.container_definitions) :
      container.command == [stage] && container.logConfiguration.options.mode == "blocking" &&
      container.logConfiguration.options.awslogs-group == "/cleanreach/tasks/${stage}"
    ])])
    error_message = "a task does not run its stage, or may lose lines of its log"
  }

  assert {
    condition = alltrue([for definition in aws_ecs_task_definition.stage :
      definition.network_mode == "awsvpc" && definition.runtime_platform[0].cpu_architecture == "ARM64" && length(definition.volume) == 0
    ])
    error_message = "a task is not what Fargate on ARM64 runs, or has a volume that no stage writes to"
  }

  assert {
    condition = alltrue([for stage, definition in aws_ecs_task_definition.stage :
      [definition.cpu, definition.memory] == (contains(["prepare", "compare"], stage) ? ["1024", "2048"] : ["256", "512"])
    ])
    error_message = "the default sizes changed"
  }

  assert {
    condition = local.environment == {
      preflight = { AWS_REGION = "eu-west-1", CLEANREACH_METRICS = "CleanReach", GOMEMLIMIT = "384MiB" }
      prepare   = { AWS_REGION = "eu-west-1", CLEANREACH_METRICS = "CleanReach", GOMEMLIMIT = "1536MiB", CLEANREACH_CATALOG = "glue://cleanreach" }
      compare   = { AWS_REGION = "eu-west-1", CLEANREACH_METRICS = "CleanReach", GOMEMLIMIT = "1536MiB" }
      advance   = { AWS_REGION = "eu-west-1", CLEANREACH_METRICS = "CleanReach", GOMEMLIMIT = "384MiB" }
      plan      = { AWS_REGION = "eu-west-1", CLEANREACH_METRICS = "CleanReach", GOMEMLIMIT = "384MiB" }
      upload    = { AWS_REGION = "eu-west-1", CLEANREACH_METRICS = "CleanReach", GOMEMLIMIT = "384MiB" }
      report    = { AWS_REGION = "eu-west-1", CLEANREACH_METRICS = "CleanReach", GOMEMLIMIT = "384MiB" }
    }
    error_message = "a stage's environment is another than documented"
  }

  assert {
    condition     = alltrue([for stage, arn in output.task_definition_arns : arn == "arn:aws:ecs:eu-west-1:111122223333:task-definition/${aws_ecs_task_definition.stage[stage].family}"])
    error_message = "a task definition is given under another name, or with its revision, which the next apply retires"
  }
}

run "surroundings" {
  command = plan

  assert {
    condition = (
      aws_ecr_repository.tasks.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.tasks.image_scanning_configuration[0].scan_on_push &&
      aws_ecr_repository.tasks.encryption_configuration[0].kms_key == var.data_key_arn && aws_ecr_repository.tasks.force_delete
    )
    error_message = "images can be replaced, are not scanned or not encrypted"
  }

  assert {
    condition = [for rule in jsondecode(aws_ecr_lifecycle_policy.tasks.policy).rules : [rule.selection.tagStatus, rule.selection.countNumber]] == [
      ["tagged", 20], ["untagged", 7],
    ]
    error_message = "other images are kept than documented"
  }

  assert {
    condition     = aws_ecs_cluster_capacity_providers.tasks.capacity_providers == toset(["FARGATE", "FARGATE_SPOT"])
    error_message = "the cluster lacks a capacity provider"
  }

  assert {
    condition     = alltrue([for setting in aws_ecs_cluster.tasks.setting : setting.name == "containerInsights" && setting.value == "enabled"])
    error_message = "Container Insights is off"
  }

  assert {
    condition     = aws_cloudwatch_log_group.insights[*].name == ["/aws/ecs/containerinsights/cleanreach/performance"]
    error_message = "AWS makes a group of its own for Container Insights, without our key"
  }

  assert {
    condition     = alltrue([for group in concat(values(aws_cloudwatch_log_group.stage), aws_cloudwatch_log_group.insights) : group.kms_key_id == var.logs_key_arn && group.retention_in_days == 365])
    error_message = "a log is not encrypted, or not kept for a year"
  }

  assert {
    condition = alltrue([for tags in concat(
      [aws_ecs_cluster.tasks.tags, aws_ecr_repository.tasks.tags, aws_iam_role.execution.tags],
      [for definition in aws_ecs_task_definition.stage : definition.tags],
      [for role in aws_iam_role.stage : role.tags],
      [for group in concat(values(aws_cloudwatch_log_group.stage), aws_cloudwatch_log_group.insights) : group.tags],
    ) : tags.Module == "tasks" && tags.Owner == "marketing"])
    error_message = "something lacks its tags"
  }

  assert {
    condition     = keys(aws_iam_role.stage) == ["advance", "compare", "plan", "preflight", "prepare", "report", "upload"] && aws_iam_role.stage["upload"].name == "cleanreach-upload"
    error_message = "other modules build the roles' ARNs from <name>-<stage>"
  }
}

run "without_an_image" {
  command = plan

  variables {
    image_digest = null
  }

  assert {
    condition     = endswith(local.image, "/cleanreach:none-yet")
    error_message = "without a digest the image must have a name that says so"
  }
}

run "larger" {
  command = plan

  variables {
    architecture       = "X86_64"
    container_insights = "enhanced"
    sizes              = { upload = { cpu = 512, memory = 1024 } }
    environment        = { CLEANREACH_META_URL = "http://127.0.0.1:1", GOMEMLIMIT = "100MiB" }
  }

  assert {
    condition     = aws_ecs_task_definition.stage["upload"].memory == "1024" && aws_ecs_task_definition.stage["report"].memory == "512"
    error_message = "one stage's size changed another's, or nothing"
  }

  assert {
    condition     = local.environment["upload"].CLEANREACH_META_URL == "http://127.0.0.1:1" && local.environment["upload"].GOMEMLIMIT == "100MiB"
    error_message = "further variables do not arrive"
  }
}
