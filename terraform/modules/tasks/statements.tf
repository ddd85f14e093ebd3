# What each stage may do, and no more. The lists follow the code: the stage in internal/<stage>, and what all of them do
# in tasks/stage.go (lease, failure document). test/deployment compares them with the calls that a run makes.
locals {
  # Three stars and not one, so that a tenant or an audience that is called like a folder opens no other folder.
  run   = "runs/*/*/*/"
  lease = "leases/*/*/"

  # The work bucket's documents, by what is done to them. To remove is to look first: a stage may also read, if only the
  # metadata, what it removes.
  documents = {
    preflight = {
      read   = ["run.json", "preflight.json"]
      write  = ["lease.json", "preflight.json"]
      remove = []
      list   = []
    }
    prepare = {
      read   = ["run.json", "prepared.json", "prepared/*"]
      write  = ["lease.json", "prepared.json", "prepared/*", "quarantine/*"]
      remove = ["prepared.json", "prepared/*", "quarantine/*"]
      list   = ["prepared/", "quarantine/"]
    }
    plan = {
      read   = ["run.json", "lease.json", "prepared.json", "query.json", "plan.json"]
      write  = ["chunks.json", "plan.json", "upload.json"]
      remove = []
      list   = []
    }
    upload = {
      read   = ["run.json", "lease.json", "preflight.json", "plan.json", "chunks.json", "receipts/*"]
      write  = ["receipts/*"]
      remove = []
      list   = []
    }
    report = {
      read   = ["run.json", "lease.json", "preflight.json", "prepared.json", "query.json", "plan.json", "chunks.json", "receipts/*", "failures/upload-*.json"]
      write  = ["report.json", "report.html", "outcome.json"]
      remove = ["outcome.json"]
      list   = ["receipts/", "failures/"]
    }
  }

  takes_lease = ["preflight", "prepare"] # the others only renew the lease that these two took
  asks_meta   = ["preflight", "upload", "report"]
  reads_match = ["plan", "upload"]
  leaves_out  = ["prepare", "upload"] # people who opted out: the tenant's list in the work bucket, which only an operator writes
  suppression = "suppression/*/list/"

  # Each stage's keys of the work bucket. An upload's failure document is named after its chunk too.
  failure = { for stage in local.stages : stage => stage == "upload" ? "${local.run}failures/upload*.json" : "${local.run}failures/${stage}.json" }
  removed = { for stage, d in local.documents : stage => concat(
    [for document in d.remove : "${local.run}${document}"],
    [local.failure[stage]],
    contains(local.takes_lease, stage) ? ["${local.lease}*.json"] : [],
  ) }
  written = { for stage, d in local.documents : stage => concat(
    [for document in d.write : "${local.run}${document}"],
    [local.failure[stage], "${local.lease}*.json"],
  ) }
  read = { for stage, d in local.documents : stage => distinct(concat(
    [for document in d.read : "${local.run}${document}"],
    ["${local.lease}*.json"],
    contains(local.leaves_out, stage) ? ["${local.suppression}*"] : [],
    local.removed[stage],
  )) }

  # S3 answers 404 for a key that is not there only to those who may list it, 403 to others; it takes the key for the
  # prefix then. That a document is not there is an answer the stages count on.
  listed = { for stage, d in local.documents : stage => concat(local.read[stage], [for folder in d.list : "${local.run}${folder}"], [local.lease]) }

  via_s3 = [{ test = "StringEquals", variable = "kms:ViaService", values = local.s3_service }]

  work_statements = { for stage in local.stages : stage => [
    { sid = "ReadDocuments", actions = ["s3:GetObject"], resources = [for key in local.read[stage] : "${var.work_bucket_arn}/${key}"], conditions = [] },
    { sid = "WriteDocuments", actions = ["s3:PutObject"], resources = [for key in local.written[stage] : "${var.work_bucket_arn}/${key}"], conditions = [] },
    { sid = "RemoveDocuments", actions = ["s3:DeleteObject"], resources = [for key in local.removed[stage] : "${var.work_bucket_arn}/${key}"], conditions = [] },
    {
      sid        = "FindDocuments"
      actions    = ["s3:ListBucket"]
      resources  = [var.work_bucket_arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = local.listed[stage] }]
    },
    { sid = "UseDataKey", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.data_key_arn], conditions = local.via_s3 },
  ] }

  match_statements = [
    { sid = "ReadMatch", actions = ["s3:GetObject"], resources = ["${var.results_bucket_arn}/runs/*"], conditions = [] },
    {
      sid        = "FindMatch"
      actions    = ["s3:ListBucket"]
      resources  = [var.results_bucket_arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = ["runs/*"] }]
    },
  ]

  meta_statements = length(var.secret_arns) == 0 ? [] : [
    { sid = "ReadToken", actions = ["secretsmanager:GetSecretValue"], resources = var.secret_arns, conditions = [] },
    {
      sid        = "UseSecretKey"
      actions    = ["kms:Decrypt"]
      resources  = [var.secret_key_arn]
      conditions = [{ test = "StringEquals", variable = "kms:ViaService", values = local.secrets_service }]
    },
  ]

  statements = { for stage in local.stages : stage => concat(
    local.work_statements[stage],
    stage == "prepare" ? local.prepare_statements : [],
    contains(local.reads_match, stage) ? local.match_statements : [],
    contains(local.asks_meta, stage) ? local.meta_statements : [],
  ) }

  # KMS names a service by its endpoint. China's has another suffix, and both are seen there.
  s3_service      = distinct([for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "s3.${local.region}.${suffix}"])
  secrets_service = distinct([for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "secretsmanager.${local.region}.${suffix}"])
}
