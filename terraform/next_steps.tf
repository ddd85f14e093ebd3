# What a person reads at the end of an apply.

locals {
  console = "https://${local.region}.${lookup({
    aws-cn     = "console.amazonaws.cn"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }, local.partition, "console.aws.amazon.com")}"

  start = "aws stepfunctions start-execution --region ${local.region} --state-machine-arn ${local.state_machine_arn}"

  steps = compact([
    var.image_digest == null ? "The image: at the top of the repository, make image DEPLOYMENT=<directory of this root>, then terraform apply again." : "",
    length(var.tenants) == 0 ? "Tenants and audiences: add them to the variables tenants and audiences, and apply." : "",
    length(var.tenants) > 0 ? "Meta's access tokens, one a tenant: terraform output -json secret_commands | jq -r '.[]' prints the commands. No token goes through Terraform." : "",
    length(var.collaborations) > 0 ? "The partner: send them terraform output -json collaborations (no secret is in it); they apply terraform/modules/partner." : "",
    length(var.alarms.emails) > 0 ? "E-mail: confirm the subscription in the message that AWS sent to ${join(", ", var.alarms.emails)}." : "",
    length(local.audiences) > 0 ? "Source files: aws s3 cp FILE s3://${module.storage.raw_bucket}/TENANT/AUDIENCE/. An empty object _SUCCESS beside them starts a run." : "",
    length(local.audiences) > 0 ? "A first run by hand: terraform output -json start_commands | jq -r '.[]' prints the commands. Watch it on the page of terraform output console_url." : "",
  ])

  next_steps = join("\n", [for i, step in local.steps : "${i + 1}. ${step}"])
}
