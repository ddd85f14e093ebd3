resource "aws_ecs_cluster" "tasks" {
  name = var.name
  tags = local.tags

  setting {
    name  = "containerInsights"
    value = var.container_insights
  }

  depends_on = [aws_cloudwatch_log_group.insights]
}

# Container Insights writes into a group of this name. Made by AWS it would have no key of ours, and outlive a destroy.
resource "aws_cloudwatch_log_group" "insights" {
  count = var.container_insights == "disabled" ? 0 : 1

  name              = "/aws/ecs/containerinsights/${var.name}/performance"
  kms_key_id        = var.logs_key_arn
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

# The state machine names one of the two for each task; there is no default that a task could fall into by oversight.
resource "aws_ecs_cluster_capacity_providers" "tasks" {
  cluster_name       = aws_ecs_cluster.tasks.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_cloudwatch_log_group" "stage" {
  for_each = local.stages

  name              = "/${var.name}/tasks/${each.key}"
  kms_key_id        = var.logs_key_arn
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

locals {
  # A digest names one content, so what was tested is what runs. Before there is an image, a name that says so.
  image = var.image_digest == null ? "${aws_ecr_repository.tasks.repository_url}:none-yet" : "${aws_ecr_repository.tasks.repository_url}@${var.image_digest}"

  # GOMEMLIMIT is three quarters of the task's memory: Go's collector works harder above it, well before the task is
  # killed. Without it the binary assumes the smallest task.
  environment = {
    for stage in local.stages : stage => merge(
      { AWS_REGION = local.region, GOMEMLIMIT = "${floor(var.sizes[stage].memory * 3 / 4)}MiB" },
      var.environment,
      { CLEANREACH_METRICS = var.metrics_namespace },
      stage == "prepare" ? { CLEANREACH_CATALOG = "glue://${var.glue_database}" } : {},
    )
  }
}

resource "aws_ecs_task_definition" "stage" {
  for_each = local.stages

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.sizes[each.key].cpu
  memory                   = var.sizes[each.key].memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.stage[each.key].arn
  tags                     = merge(local.tags, { Stage = each.key })

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  container_definitions = jsonencode([{
    name      = "cleanreach"
    image     = local.image
    command   = [each.key]
    essential = true

    # No stage writes a file: parts of a table and receipts go to S3 as they are made. So there is no volume at all.
    readonlyRootFilesystem = true
    user                   = "65532:65532" # nonroot of the distroless image
    privileged             = false
    linuxParameters        = { capabilities = { drop = ["ALL"] } }

    # The longest that Fargate takes, and as long as Spot warns ahead: an upload ends its batch and writes its receipt.
    stopTimeout = 120

    environment = [for name, value in local.environment[each.key] : { name = name, value = value }]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.stage[each.key].name
        awslogs-region        = local.region
        awslogs-stream-prefix = each.key
        # ECS's default drops lines when its buffer is full. Metrics travel as log lines, and alarms count on them; a
        # batch job may rather wait.
        mode = "blocking"
      }
    }
  }])
}
