# What only prepare may: the raw files, the Parquet that it writes in parts, and the tables.
locals {
  glue = "arn:${local.partition}:glue:${local.region}:${local.account}"

  # A role's policies hold 10,240 characters, of which tables may take about half. With more audiences than fit, whose names
  # may be long, all tables of the database, which is ours alone.
  tables = sum(concat([0], [for table in var.table_names : 70 + length(table)])) > 5000 ? ["*"] : var.table_names

  source_buckets = { for bucket in distinct([for arn in var.source_arns : split("/", arn)[0]]) : bucket => [
    for arn in var.source_arns : trimprefix(arn, "${bucket}/") if startswith(arn, "${bucket}/")
  ] }

  prepare_statements = concat(
    [
      { sid = "ReadSource", actions = ["s3:GetObject"], resources = concat(["${var.raw_bucket_arn}/*"], var.source_arns), conditions = [] },
      { sid = "FindSource", actions = ["s3:ListBucket"], resources = [var.raw_bucket_arn], conditions = [] },
    ],
    [for i, bucket in keys(local.source_buckets) : {
      sid        = "FindSource${i + 1}"
      actions    = ["s3:ListBucket"]
      resources  = [bucket]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = local.source_buckets[bucket] }]
    }],
    length(var.source_key_arns) == 0 ? [] : [
      { sid = "UseSourceKeys", actions = ["kms:Decrypt"], resources = var.source_key_arns, conditions = local.via_s3 },
    ],
    [
      # A part that cannot be finished is dropped, so that nobody's data lies in an upload that never ended.
      {
        sid        = "DropParts"
        actions    = ["s3:AbortMultipartUpload"]
        resources  = [for folder in ["prepared", "quarantine"] : "${var.work_bucket_arn}/${local.run}${folder}/*"]
        conditions = []
      },
    ],
    length(var.table_names) == 0 ? [] : [
      {
        sid     = "SwitchTables"
        actions = ["glue:GetTable", "glue:CreateTable", "glue:UpdateTable"]
        resources = concat(
          ["${local.glue}:catalog", "${local.glue}:database/${var.glue_database}"],
          [for table in local.tables : "${local.glue}:table/${var.glue_database}/${table}"],
        )
        conditions = []
      },
    ],
  )
}
