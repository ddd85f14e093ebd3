locals {
  # IAM takes names of 64 characters. The end of a longer one gives way to a part of its hash.
  table_full_names = { for key, t in var.tables : key => "${var.name}-table-${replace(t.name, "_", "-")}" }
  table_names = { for key, full in local.table_full_names : key =>
    length(full) <= 64 ? full : "${substr(full, 0, 55)}-${substr(sha256(full), 0, 8)}"
  }

  join_columns = { for key, t in var.tables : key => coalesce(t.join_columns, [for c in t.columns : c.name if endswith(c.name, "_sha256")]) }

  rules = { for key, t in var.tables : key => {
    type               = var.analysis_rule.type
    join_columns       = var.analysis_rule.type == "LIST" ? local.join_columns[key] : []
    list_columns       = var.analysis_rule.type == "LIST" ? [for c in t.columns : c.name if !contains(local.join_columns[key], c.name)] : []
    allowed_analyses   = var.analysis_rule.type == "LIST" ? [] : var.analysis_rule.any_query ? ["ANY_QUERY"] : values(local.template_arns)
    analysis_providers = var.analysis_rule.any_query ? [local.account] : []
  } }
}

module "table" {
  source   = "./table"
  for_each = var.tables

  name                 = local.table_names[each.key]
  description          = "Customers of ${each.value.tenant}, prepared for ${each.value.audience}"
  membership_id        = local.membership_id
  runner_membership_id = local.membership_id
  memberships          = local.memberships
  association_name     = coalesce(each.value.association_name, each.value.name)
  database_name        = var.database_name
  table_name           = each.value.name
  columns              = each.value.columns[*].name
  rule                 = local.rules[each.key]
  result_receivers     = [local.account] # nobody but us gets a row of our customers
  bucket_arn           = var.work_bucket_arn
  object_keys          = ["runs/${each.value.tenant}/${each.value.audience}/*/prepared/*"]
  key_arns             = concat([var.data_key_arn], var.further_key_arns)
  tags                 = merge(local.tags, { Audience = each.value.audience })
}
