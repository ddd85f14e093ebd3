output "topic_arn" {
  description = "ARN of the topic that alarms, failed runs and budgets are told to."
  value       = aws_sns_topic.alerts.arn

  # Who publishes to it needs the policy to be there: AWS Budgets tries it out.
  depends_on = [aws_sns_topic_policy.alerts]
}

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "dashboard_url" {
  description = "Console page of the dashboard."
  value       = "${local.console}/cloudwatch/home?region=${local.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}

output "alarm_names" {
  description = "Names of all alarms."
  value       = sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name])
}
