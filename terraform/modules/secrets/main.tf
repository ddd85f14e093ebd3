data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  tags = merge(var.tags, { Module = "secrets" })

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
}

# A secret a tenant, and no value: a value in Terraform would lie in the state and in every plan. The operator puts it in
# with the command of the output secret_commands.
resource "aws_secretsmanager_secret" "this" {
  for_each = var.tenants

  name                    = "${var.name}/${each.key}/meta"
  description             = "Access token for Meta's Marketing API of tenant ${each.key}: the bare token, or JSON with access_token and app_secret"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.recovery_window_in_days
  tags                    = merge(local.tags, { Tenant = each.key })
}

# No rotation by Secrets Manager: Meta has no API by which a system user's token could be replaced without a person, and
# the partners of managed rotation do not include it. The README says how a person does it, and an alarm tells when.

data "aws_iam_policy_document" "secret" {
  for_each = var.tenants

  # Whatever an identity's own policy allows, administrators' included, only these roles read the value. Writing it and
  # changing this policy stay with those who may by their own policies: the operator is not locked out, and that somebody
  # opened the secret is on record in CloudTrail. aws:PrincipalArn of a session is the ARN of its role.
  statement {
    sid       = "OnlyReaders"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["*"] # in a secret's policy: this secret

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = var.reader_role_arns
    }
  }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each = var.tenants

  secret_arn          = aws_secretsmanager_secret.this[each.key].arn
  policy              = data.aws_iam_policy_document.secret[each.key].json
  block_public_policy = true
}
