# What each stage may do, and no more. The lists follow the code: the stage in internal/<stage>, and what all of them do
# in tasks/stage.go (lease, failure document). test/deployment compares them with the calls that a run makes.
locals {
  # Three stars and not one, so that a tenant or an audience that is called like a folder opens no other folder.
  run   = "runs/*/*/*/"
  lease = "leases/*/*/"
  state = "state/*/*/" # what outlives an audience's runs

  # The work bucket's documents, by what is done to them. To remove is to look first: a stage may also read, if only the
  # metadata, what it removes.
  documents = {
    preflight = {
      read   = ["run.json", "preflight.json", "replace.json"]
      write  = ["lease.json", "preflight.json"]
      remove = ["stop.json"]
      list   = []
    }
    prepare = {
      read   = ["run.json", "prepared.json", "prepared/*"]
      write  = ["lease.json", "prepared.json", "prepared/*", "quarantine/*"]
      remove = ["prepared.json", "prepared/*", "quarantine/*"]
      list   = ["prepared/", "quarantine/"]
    }
    compare = {
      read   = ["run.json", "lease.json", "preflight.json", "query.json", "changes.json"]
      write  = ["changes.json"]
      remove = []
      list   = []
    }
    plan = {
      read   = ["run.json", "lease.json", "preflight.json", "prepared.json", "query.json", "changes.json", "plan.json", "replace.json"]
      write  = ["chunks.json", "plan.json", "upload.json"]
      remove = []
      list   = []
    }
    advance = {
      read   = ["run.json", "lease.json", "preflight.json", "plan.json", "chunks.json", "upload.json", "closing.json", "stop.json", "receipts/*"]
      write  = ["chunks-*.json", "upload.json", "replace.json"]
      remove = ["replace.json"]
      list   = ["receipts/"]
    }
    upload = {
      read   = ["run.json", "lease.json", "preflight.json", "plan.json", "chunks.json", "replace.json", "closing.json", "stop.json", "receipts/*"]
      write  = ["closing.json", "stop.json", "receipts/*"]
      remove = []
      list   = []
    }
    report = {
      read   = ["run.json", "lease.json", "preflight.json", "prepared.json", "query.json", "changes.json", "plan.json", "chunks.json", "replace.json", "closing.json", "stop.json", "receipts/*", "failures/upload-*.json"]
      write  = ["report.json", "report.html", "outcome.json"]
      remove = ["outcome.json"]
      list   = ["receipts/", "failures/"]
    }
  }

  # Likewise in the audience's state: which replace is open and how the last one went, which runs were the last, and who is in a mirrored audience.
  # What lies in mirror/ are people.
  states = {
    preflight = { read = ["latest.json"], write = [], remove = ["replace.json"], list = [] }
    prepare   = { read = [], write = [], remove = [], list = [] }
    compare   = { read = ["mirror.json"], write = ["mirror/*"], remove = ["mirror/*"], list = ["mirror/"] }
    plan      = { read = ["latest.json", "replaced.json", "mirror.json", "mirror/*/snapshot.json", "mirror/*/changes/*"], write = ["latest.json", "mirror.json"], remove = [], list = ["mirror/*/changes/"] }
    advance   = { read = [], write = ["replace.json", "replaced.json"], remove = ["replace.json"], list = [] }
    upload    = { read = ["mirror/*/changes/*"], write = [], remove = [], list = [] }
    report    = { read = ["mirror.json"], write = ["mirror.json"], remove = ["mirror/*"], list = ["mirror/"] }
  }

  takes_lease = ["preflight", "prepare"] # the others only renew the lease that these two took
  asks_meta   = ["preflight", "advance", "upload", "report"]
  reads_match = ["compare", "plan", "upload"]
  leaves_out  = ["prepare", "compare", "upload"] # people who opted out: the tenant's list in the work bucket, which only an operator writes
  suppression = "suppression/*/list/"

  # Each stage's keys of the work bucket. An upload's failure document is named after its chunk too.
  failure = { for stage in local.stages : stage => stage == "upload" ? "${local.run}failures/upload*.json" : "${local.run}failures/${stage}.json" }
  removed = { for stage, d in local.documents : stage => concat(
    [for document in d.remove : "${local.run}${document}"],
    [for document in local.states[stage].remove : "${local.state}${document}"],
    [local.failure[stage]],
    contains(local.takes_lease, stage) ? ["${local.lease}*.json"] : [],
  ) }
  written = { for stage, d in local.documents : stage => concat(
    [for document in d.write : "${local.run}${document}"],
    [for document in local.states[stage].write : "${local.state}${document}"],
    [local.failure[stage], "${local.lease}*.json"],
  ) }
  read = { for stage, d in local.documents : stage => distinct(concat(
    [for document in d.read : "${local.run}${document}"],
    [for document in local.states[stage].read : "${local.state}${document}"],
    ["${local.lease}*.json"],
    contains(local.leaves_out, stage) ? ["${local.suppression}*"] : [],
    local.removed[stage],
  )) }

  # S3 answers 404 for a key that is not there only to those who may list it, 403 to others; it takes the key for the
  # prefix then. That a document is not there is an answer the stages count on.
  listed = { for stage, d in local.documents : stage => concat(
    local.read[stage],
    [for folder in d.list : "${local.run}${folder}"],
    [for folder in local.states[stage].list : "${local.state}${folder}"],
    [local.lease],
  ) }

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

  # A part that cannot be finished is dropped, so that nobody's data lies in an upload that never ended.
  compare_statements = [
    { sid = "DropParts", actions = ["s3:AbortMultipartUpload"], resources = ["${var.work_bucket_arn}/${local.state}mirror/*"], conditions = [] },
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
    stage == "compare" ? local.compare_statements : [],
    contains(local.reads_match, stage) ? local.match_statements : [],
    contains(local.asks_meta, stage) ? local.meta_statements : [],
  ) }

  # KMS names a service by its endpoint. China's has another suffix, and both are seen there.
  s3_service      = distinct([for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "s3.${local.region}.${suffix}"])
  secrets_service = distinct([for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "secretsmanager.${local.region}.${suffix}"])
}
