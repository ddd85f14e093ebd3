output "bus_name" {
  description = "Name of the bus: put requests for runs here, and rules of your own."
  value       = aws_cloudwatch_event_bus.this.name
}

output "bus_arn" {
  description = "ARN of the bus."
  value       = aws_cloudwatch_event_bus.this.arn
}

output "rules" {
  description = "The rules to watch: the name of each to the name of its bus."
  value = merge(
    { for rule in aws_cloudwatch_event_rule.forward : rule.name => "default" },
    { for rule in concat(values(aws_cloudwatch_event_rule.start), [aws_cloudwatch_event_rule.run_events]) : rule.name => var.name },
  )
}

output "archive_arn" {
  description = "ARN of the archive of all events of the bus, to replay from."
  value       = aws_cloudwatch_event_archive.this.arn
}

output "starter_arn" {
  description = "ARN of the state machine that starts runs by markers, events and schedules."
  value       = aws_sfn_state_machine.starter.arn
}

output "starter_name" {
  description = "Name of that state machine."
  value       = aws_sfn_state_machine.starter.name
}

output "undelivered_queue_url" {
  description = "URL of the queue with what could not be delivered or started, and why."
  value       = aws_sqs_queue.undelivered.url
}

output "undelivered_queue_arn" {
  description = "ARN of that queue."
  value       = aws_sqs_queue.undelivered.arn
}

output "undelivered_queue_name" {
  description = "Name of that queue."
  value       = aws_sqs_queue.undelivered.name
}

output "run_events_queue_url" {
  description = "URL of the queue with an event for every run that ended, for consumers of yours."
  value       = aws_sqs_queue.run_events.url
}

output "run_events_queue_arn" {
  description = "ARN of that queue."
  value       = aws_sqs_queue.run_events.arn
}

output "run_events_queue_name" {
  description = "Name of that queue."
  value       = aws_sqs_queue.run_events.name
}
