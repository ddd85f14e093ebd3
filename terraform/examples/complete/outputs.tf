output "next_steps" {
  description = "What to do now."
  value       = module.cleanreach.next_steps
}

output "console_url" {
  description = "Where runs are watched."
  value       = module.cleanreach.console_url
}

output "dashboard_url" {
  description = "Whether it works, where it is slow, what it costs."
  value       = module.cleanreach.dashboard_url
}

output "secret_commands" {
  description = "For each tenant the command that puts Meta's access token into its secret."
  value       = module.cleanreach.secret_commands
}

output "start_commands" {
  description = "For each audience the command that starts a run."
  value       = module.cleanreach.start_commands
}

output "event_command" {
  description = "Command that asks for a run by an event."
  value       = module.cleanreach.event_command
}

output "repository_url" {
  description = "Where make image pushes to."
  value       = module.cleanreach.repository_url
}

output "image_command" {
  description = "Command that builds and pushes the image and pins its digest here."
  value       = "make image DEPLOYMENT=terraform/examples/complete"
}

output "state_machine_arn" {
  description = "ARN of the state machine."
  value       = module.cleanreach.state_machine_arn
}

output "starter_arn" {
  description = "ARN of the state machine that starts runs."
  value       = module.cleanreach.starter_arn
}

output "buckets" {
  description = "The buckets: raw, work, results."
  value       = module.cleanreach.buckets
}

output "bus" {
  description = "The event bus."
  value       = module.cleanreach.bus
}

output "queues" {
  description = "URLs of the queues."
  value       = module.cleanreach.queues
}

output "cluster_name" {
  description = "ECS cluster of the tasks."
  value       = module.cleanreach.cluster_name
}

output "collaborations" {
  description = "Memberships, templates, and what the partner puts into the module partner."
  value       = module.cleanreach.collaborations
}
