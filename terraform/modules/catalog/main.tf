data "aws_caller_identity" "current" {}

locals {
  tags = merge(var.tags, { Module = "catalog" })
}

# Whether the account's Data Catalog is encrypted is a setting of the account (aws_glue_data_catalog_encryption_settings),
# shared with everybody who uses Glue in this region: it is left as it is.
resource "aws_glue_catalog_database" "this" {
  name        = replace(var.name, "-", "_") # Athena and Spark want hyphens quoted
  catalog_id  = data.aws_caller_identity.current.account_id
  description = "CleanReach's prepared tables, one for each audience"
  tags        = local.tags

  # What Glue gives to new tables where nobody has changed Lake Formation's defaults, said here so that it also holds where
  # somebody has: IAM alone decides who may use the tables. Clean Rooms reads no bucket that Lake Formation governs.
  create_table_default_permission {
    permissions = ["ALL"]

    principal {
      data_lake_principal_identifier = "IAM_ALLOWED_PRINCIPALS"
    }
  }
}

# A table of an audience: empty until a run has prepared the audience and switched the table to its files.
resource "aws_glue_catalog_table" "this" {
  for_each = var.tables

  name          = each.value.name
  database_name = aws_glue_catalog_database.this.name
  catalog_id    = aws_glue_catalog_database.this.catalog_id
  description   = "Audience ${each.key}: the rows that its last run prepared"
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL       = "TRUE"
    classification = "parquet"
  }

  # The format is what internal/prepare/glue.go writes too: Clean Rooms, Athena and Spark know Parquet by these names.
  storage_descriptor {
    location      = "s3://${var.work_bucket}/empty/${each.value.name}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }

  lifecycle {
    # Preparing switches these in every run. Columns that change in a definition come with the audience's next run.
    ignore_changes = [storage_descriptor, parameters]
  }
}
