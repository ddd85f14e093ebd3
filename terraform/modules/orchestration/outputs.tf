output "state_machine_arn" {
  description = "ARN of the state machine."
  value       = aws_sfn_state_machine.audience.arn
}

output "state_machine_name" {
  description = "Name of the state machine."
  value       = aws_sfn_state_machine.audience.name
}

output "dead_letter_queue_url" {
  description = "URL of the queue of runs and chunks that could not be done."
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.arn
}

output "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.name
}

output "log_group_name" {
  description = "Name of the state machine's log group."
  value       = aws_cloudwatch_log_group.state_machine.name
}

output "definition" {
  description = "The definition as it is deployed."
  value       = local.definition
}
