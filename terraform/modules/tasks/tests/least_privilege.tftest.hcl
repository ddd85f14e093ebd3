mock_provider "aws" {
  override_during = plan

  mock_data "aws_partition" {
    defaults = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }
  mock_data "aws_region" {
    defaults = { name = "cn-north-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws-cn:iam::111122223333:role/cleanreach-role" }
  }
  mock_resource "aws_ecr_repository" {
    defaults = { arn = "arn:aws-cn:ecr:cn-north-1:111122223333:repository/cleanreach" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws-cn:logs:cn-north-1:111122223333:log-group:/cleanreach/tasks/stage" }
  }
}

variables {
  raw_bucket_arn     = "arn:aws-cn:s3:::raw"
  work_bucket_arn    = "arn:aws-cn:s3:::work"
  results_bucket_arn = "arn:aws-cn:s3:::results"
  data_key_arn       = "arn:aws-cn:kms:cn-north-1:111122223333:key/data"
  logs_key_arn       = "arn:aws-cn:kms:cn-north-1:111122223333:key/logs"
  secret_arns        = ["arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:cleanreach/acme/meta-AbCdEf"]
  secret_key_arn     = "arn:aws-cn:kms:cn-north-1:111122223333:key/secrets"
  glue_database      = "cleanreach"
  table_names        = ["acme_lapsed_vip", "acme_new"]
  metrics_namespace  = "CleanReach"
  source_arns        = ["arn:aws-cn:s3:::crm/customers/*", "arn:aws-cn:s3:::crm/vip/all.csv", "arn:aws-cn:s3:::shop/*"]
  source_key_arns    = ["arn:aws-cn:kms:cn-north-1:111122223333:key/crm"]
}

run "actions" {
  command = plan

  assert {
    condition = jsonencode({ for stage, all in local.statements : stage => sort(distinct(flatten([for s in all : s.actions]))) }) == jsonencode({
      preflight = ["kms:Decrypt", "kms:GenerateDataKey", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "secretsmanager:GetSecretValue"]
      prepare   = ["glue:CreateTable", "glue:GetTable", "glue:UpdateTable", "kms:Decrypt", "kms:GenerateDataKey", "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]
      compare   = ["kms:Decrypt", "kms:GenerateDataKey", "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]
      plan      = ["kms:Decrypt", "kms:GenerateDataKey", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]
      advance   = ["kms:Decrypt", "kms:GenerateDataKey", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "secretsmanager:GetSecretValue"]
      upload    = ["kms:Decrypt", "kms:GenerateDataKey", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "secretsmanager:GetSecretValue"]
      report    = ["kms:Decrypt", "kms:GenerateDataKey", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "secretsmanager:GetSecretValue"]
    })
    error_message = "a stage may do other things than before: say why beside it"
  }

  assert {
    condition     = alltrue(flatten([for all in local.statements : [for s in all : [for r in s.resources : r != "*" && !endswith(r, ":*")]]]))
    error_message = "a stage may do something to everything"
  }

  assert {
    condition = alltrue(flatten([for all in local.statements : [for s in all : alltrue([
      for c in s.conditions : c.variable == "kms:ViaService" && length(c.values) == 2
    ]) if anytrue([for a in s.actions : startswith(a, "kms:")])]]))
    error_message = "a key may be used for something else than S3 and Secrets Manager, or not in China"
  }

  assert {
    condition     = alltrue([for s in local.execution_statements : s.resources != ["*"] || s.actions == ["ecr:GetAuthorizationToken"]])
    error_message = "the execution role may do more than log in to the registry everywhere"
  }
}

run "trust" {
  command = plan

  assert {
    condition = { for c in data.aws_iam_policy_document.trust.statement[0].condition : c.variable => join(" ", c.values) } == {
      "aws:SourceAccount" = "111122223333"
      "aws:SourceArn"     = "arn:aws-cn:ecs:cn-north-1:111122223333:*"
    }
    error_message = "ECS may take the roles for another account or region"
  }
}

# Where each stage reaches people's data, by the objects that it may read or write.
run "data" {
  command = plan

  assert {
    condition = jsonencode({ for stage in local.stages : stage => sort(distinct([
      for r in flatten([for s in local.statements[stage] : s.resources if anytrue([for a in s.actions : contains(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], a)])]) :
      r if !startswith(r, var.work_bucket_arn)
      ])) }) == jsonencode({
      preflight = []
      prepare   = ["arn:aws-cn:s3:::crm/customers/*", "arn:aws-cn:s3:::crm/vip/all.csv", "arn:aws-cn:s3:::raw/*", "arn:aws-cn:s3:::shop/*"]
      compare   = ["arn:aws-cn:s3:::results/runs/*"]
      plan      = ["arn:aws-cn:s3:::results/runs/*"]
      advance   = []
      upload    = ["arn:aws-cn:s3:::results/runs/*"]
      report    = []
    })
    error_message = "only prepare reads sources, and only compare, plan and upload read the match"
  }

  assert {
    condition = alltrue([for stage in setsubtract(local.stages, ["prepare"]) : !anytrue([
      for r in flatten([for s in local.statements[stage] : s.resources]) : strcontains(r, "/prepared/") || strcontains(r, "/quarantine/")
    ])])
    error_message = "another stage than prepare reaches what it prepared or quarantined"
  }

  assert {
    condition = alltrue(flatten([for stage in local.stages : [
      for key in concat(local.read[stage], local.written[stage], local.removed[stage]) : startswith(key, local.run) || startswith(key, local.state) || contains(["leases/*/*/*.json", "suppression/*/list/*"], key)
    ]]))
    error_message = "a pattern with fewer parts lets an audience called receipts or prepared open another folder"
  }

  assert {
    condition = jsonencode({ for stage in local.stages : stage => [
      for s in local.statements[stage] : s.sid if anytrue([for r in concat(s.resources, flatten([for c in s.conditions : c.values])) : strcontains(r, "suppression/")])
      ] }) == jsonencode({
      preflight = []
      prepare   = ["ReadDocuments", "FindDocuments"]
      compare   = ["ReadDocuments", "FindDocuments"]
      plan      = []
      advance   = []
      upload    = ["ReadDocuments", "FindDocuments"]
      report    = []
    })
    error_message = "prepare, compare and upload read who opted out, and no stage changes it: only an operator does"
  }

  assert {
    condition = jsonencode({ for stage in local.stages : stage => distinct([
      for key in concat(local.read[stage], local.written[stage]) : key if startswith(key, "state/*/*/mirror/")
      ]) }) == jsonencode({
      preflight = []
      prepare   = []
      compare   = ["state/*/*/mirror/*"]
      plan      = ["state/*/*/mirror/*/snapshot.json", "state/*/*/mirror/*/changes/*"]
      advance   = []
      upload    = ["state/*/*/mirror/*/changes/*"]
      report    = ["state/*/*/mirror/*"]
    })
    error_message = "who is in a mirrored audience: compare writes them, plan and upload read who joins and leaves, and the report deletes"
  }

  assert {
    condition     = alltrue([for stage in local.stages : contains(local.removed[stage], "leases/*/*/*.json") == contains(["preflight", "prepare"], stage)])
    error_message = "only the stages that take the lease remove the ones before it"
  }

  assert {
    condition     = alltrue(flatten([for stage in local.stages : [for key in local.read[stage] : contains(local.listed[stage], key)]]))
    error_message = "a document that is not there yet would be access denied, and end the run"
  }

  assert {
    condition = jsonencode({ for s in local.prepare_statements : s.sid => s if startswith(s.sid, "FindSource") }) == jsonencode({
      FindSource  = { sid = "FindSource", actions = ["s3:ListBucket"], resources = ["arn:aws-cn:s3:::raw"], conditions = [] }
      FindSource1 = { sid = "FindSource1", actions = ["s3:ListBucket"], resources = ["arn:aws-cn:s3:::crm"], conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["customers/*", "vip/all.csv"] }] }
      FindSource2 = { sid = "FindSource2", actions = ["s3:ListBucket"], resources = ["arn:aws-cn:s3:::shop"], conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["*"] }] }
    })
    error_message = "other buckets are listed in other places than those given"
  }

  assert {
    condition = jsonencode(flatten([for s in local.prepare_statements : s.resources if s.sid == "SwitchTables"])) == jsonencode([
      "arn:aws-cn:glue:cn-north-1:111122223333:catalog", "arn:aws-cn:glue:cn-north-1:111122223333:database/cleanreach",
      "arn:aws-cn:glue:cn-north-1:111122223333:table/cleanreach/acme_lapsed_vip", "arn:aws-cn:glue:cn-north-1:111122223333:table/cleanreach/acme_new",
    ])
    error_message = "prepare may switch other tables than those given"
  }
}

run "without_tenants" {
  command = plan

  variables {
    secret_arns     = []
    table_names     = []
    source_arns     = []
    source_key_arns = []
  }

  assert {
    condition     = alltrue(flatten([for all in local.statements : [for s in all : length(s.resources) > 0]]))
    error_message = "a statement without a resource is no policy"
  }
}

run "many_audiences" {
  command = plan

  variables {
    table_names = [for i in range(30) : format("acme_%0100d", i)]
  }

  assert {
    condition     = contains(flatten([for s in local.prepare_statements : s.resources]), "arn:aws-cn:glue:cn-north-1:111122223333:table/cleanreach/*")
    error_message = "the policy grows beyond what a role may have"
  }
}
