output "repository_url" {
  description = "Where make image pushes to."
  value       = aws_ecr_repository.tasks.repository_url
}

output "repository_arn" {
  description = "ARN of the repository of images."
  value       = aws_ecr_repository.tasks.arn
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_ecs_cluster.tasks.arn

  # Whoever starts a task on Spot needs the capacity providers to be there.
  depends_on = [aws_ecs_cluster_capacity_providers.tasks]
}

output "cluster_name" {
  description = "Name of the cluster."
  value       = aws_ecs_cluster.tasks.name
}

# From the names, so that a new image changes no more than the task definitions, and a first plan knows it.
output "task_definition_arns" {
  description = "ARN of each stage's task definition without its revision, so that the newest is meant. An ARN with one would be of no use to a run that is under way, or redriven, after the next apply: Terraform retires the revision that it replaces."
  value       = { for stage in local.stages : stage => "arn:${local.partition}:ecs:${local.region}:${local.account}:task-definition/${var.name}-${stage}" }

  depends_on = [aws_ecs_task_definition.stage, aws_iam_role_policy.stage, aws_iam_role_policy.execution]
}

output "task_role_arns" {
  description = "ARN of each stage's role."
  value       = { for stage, role in aws_iam_role.stage : stage => role.arn }
}

output "execution_role_arn" {
  description = "ARN of the role that ECS starts the tasks with."
  value       = aws_iam_role.execution.arn
}

output "log_group_names" {
  description = "Name of each stage's log group."
  value       = { for stage, group in aws_cloudwatch_log_group.stage : stage => group.name }
}
