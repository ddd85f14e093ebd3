mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_resource "aws_glue_catalog_database" {
    defaults = { arn = "arn:aws:glue:eu-central-1:111122223333:database/cleanreach" }
  }
  mock_resource "aws_glue_catalog_table" {
    defaults = { arn = "arn:aws:glue:eu-central-1:111122223333:table/cleanreach/acme__eu_lapsed_vip" }
  }
}

variables {
  work_bucket = "cleanreach-work-111122223333-eu-central-1"
  tables = {
    "acme-eu/lapsed-vip" = {
      tenant   = "acme-eu"
      audience = "lapsed-vip"
      name     = "acme__eu_lapsed_vip"
      columns  = [{ name = "email", type = "string" }, { name = "email_sha256", type = "string" }, { name = "last_order", type = "date" }]
    }
  }
}

run "defaults" {
  command = plan

  variables {
    tables = {}
  }

  assert {
    condition     = output.database_name == "cleanreach" && length(output.table_names) == 0 && aws_glue_catalog_database.this.tags == tomap({ Module = "catalog" })
    error_message = "without audiences there is an empty database"
  }

  assert {
    condition     = one(one(aws_glue_catalog_database.this.create_table_default_permission).principal).data_lake_principal_identifier == "IAM_ALLOWED_PRINCIPALS"
    error_message = "IAM decides who may use the tables"
  }
}

run "a_table_for_each_audience" {
  command = plan

  variables {
    name = "acme-ads"
    tags = { Owner = "growth" }
  }

  assert {
    condition     = output.database_name == "acme_ads" && aws_glue_catalog_database.this.tags == tomap({ Owner = "growth", Module = "catalog" })
    error_message = "the database has the name, without hyphens, and the tags"
  }

  assert {
    condition     = output.table_names == { "acme-eu/lapsed-vip" = "acme__eu_lapsed_vip" } && startswith(output.table_arns["acme-eu/lapsed-vip"], "arn:")
    error_message = "the audience has a table"
  }

  assert {
    condition     = aws_glue_catalog_table.this["acme-eu/lapsed-vip"].storage_descriptor[0].location == "s3://cleanreach-work-111122223333-eu-central-1/empty/acme__eu_lapsed_vip/"
    error_message = "before the first run the table is at a place where nothing lies, and a folder's URL ends in a slash"
  }

  assert {
    condition     = aws_glue_catalog_table.this["acme-eu/lapsed-vip"].storage_descriptor[0].columns[*].name == tolist(["email", "email_sha256", "last_order"]) && aws_glue_catalog_table.this["acme-eu/lapsed-vip"].storage_descriptor[0].columns[2].type == "date"
    error_message = "the columns are the definition's, in their order"
  }

  # The same file says it for the switch: whoever changes one changes the other.
  assert {
    condition = alltrue([
      for class in [
        aws_glue_catalog_table.this["acme-eu/lapsed-vip"].storage_descriptor[0].input_format,
        aws_glue_catalog_table.this["acme-eu/lapsed-vip"].storage_descriptor[0].output_format,
        aws_glue_catalog_table.this["acme-eu/lapsed-vip"].storage_descriptor[0].ser_de_info[0].serialization_library,
      ] : strcontains(file("../../../internal/prepare/glue.go"), "\"${class}\"")
    ])
    error_message = "Terraform and prepare disagree on what Parquet is"
  }
}

run "name" {
  command = plan

  variables {
    name = "CleanReach"
  }

  expect_failures = [var.name]
}

run "table_under_another_key" {
  command = plan

  variables {
    tables = { vip = { tenant = "acme", audience = "vip", name = "acme_vip", columns = [{ name = "email", type = "string" }] } }
  }

  expect_failures = [var.tables]
}

run "table_of_another_name" {
  command = plan

  variables {
    tables = { "a-b/c" = { tenant = "a-b", audience = "c", name = "a_b_c", columns = [{ name = "email", type = "string" }] } }
  }

  expect_failures = [var.tables]
}

run "column_name" {
  command = plan

  variables {
    tables = { "acme/vip" = { tenant = "acme", audience = "vip", name = "acme_vip", columns = [{ name = "E-Mail", type = "string" }] } }
  }

  expect_failures = [var.tables]
}

run "column_type" {
  command = plan

  variables {
    tables = { "acme/vip" = { tenant = "acme", audience = "vip", name = "acme_vip", columns = [{ name = "email", type = "varchar" }] } }
  }

  expect_failures = [var.tables]
}

run "column_twice" {
  command = plan

  variables {
    tables = { "acme/vip" = { tenant = "acme", audience = "vip", name = "acme_vip", columns = [{ name = "email", type = "string" }, { name = "email", type = "date" }] } }
  }

  expect_failures = [var.tables]
}

run "no_column" {
  command = plan

  variables {
    tables = { "acme/vip" = { tenant = "acme", audience = "vip", name = "acme_vip", columns = [] } }
  }

  expect_failures = [var.tables]
}
