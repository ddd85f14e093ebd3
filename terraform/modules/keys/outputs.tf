output "data_key_arn" {
  description = "Key of the buckets."
  value       = aws_kms_key.this["data"].arn
}

output "logs_key_arn" {
  description = "Key of the log groups."
  value       = aws_kms_key.this["logs"].arn
}

output "messaging_key_arn" {
  description = "Key of queues, topics, the event bus, schedules and the state machines."
  value       = aws_kms_key.this["messaging"].arn
}
