# Apart from the other keys: who may read people's data, logs or messages gets no nearer to the tokens by it.
resource "aws_kms_key" "this" {
  description             = "${var.name}: tenants' secrets"
  policy                  = data.aws_iam_policy_document.key.json
  enable_key_rotation     = true
  deletion_window_in_days = 30 # never shorter than a deleted secret's recovery: without its key it cannot be recovered
  tags                    = local.tags
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}-secrets"
  target_key_id = aws_kms_key.this.key_id
}

data "aws_iam_policy_document" "key" {
  # The readers and the operator have rights to the key by their own policies: Secrets Manager calls KMS as whoever calls
  # it. "root" means the account, and keeps the key manageable.
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"] # in a key policy: this key

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  # Nothing but secrets is encrypted or decrypted with it, whoever asks.
  statement {
    sid       = "OnlyThroughSecretsManager"
    effect    = "Deny"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotLike"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${data.aws_region.current.name}.*"] # the domain is the partition's
    }
  }
}
