output "secret_names" {
  description = "Name of each tenant's secret: what an audience's meta.secret says."
  value       = { for tenant, secret in aws_secretsmanager_secret.this : tenant => secret.name }
}

output "secret_arns" {
  description = "ARN of each tenant's secret."
  value       = { for tenant, secret in aws_secretsmanager_secret.this : tenant => secret.arn }
}

output "key_arn" {
  description = "Key of the secrets. Readers and whoever puts in values need rights to it."
  value       = aws_kms_key.this.arn
}

# The shell's read and printf are no processes and the AWS CLI reads its standard input, so the token is on no screen, in
# no history, no file and no process list.
output "secret_commands" {
  description = "Command, for bash or zsh, that asks for a tenant's token and puts it into its secret. It also replaces a token."
  value = {
    for tenant, secret in aws_secretsmanager_secret.this : tenant => join(" ", [
      "read -rs TOKEN && printf %s \"$TOKEN\" |",
      "aws secretsmanager put-secret-value --region ${data.aws_region.current.name} --secret-id ${secret.name} --secret-string file:///dev/stdin;",
      "unset TOKEN",
    ])
  }
}
