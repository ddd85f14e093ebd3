# What the states of audience.asl.json call, and no more. test/deployment compares it with the calls that a run makes.
locals {
  # Three stars and not one, so that a tenant or an audience that is called like a folder opens no other folder.
  run = "runs/*/*/*/"

  # FindRun, LoadAudience, ReadLease and FindLease, ReadSettings, FindQuery, ReadPlan, Upload's reader (of all chunks, and
  # of those that Advance or cleanreach redrive lists), ReadOutcome, ReadFailure. Upload's writer reads its own results.
  read = concat(["audiences/*/*.json"], [for document in [
    "run.json", "lease.json", "preflight.json", "query.json", "upload.json", "chunks.json", "chunks-*.json", "outcome.json", "failures/*.json", "map/*",
  ] : "${local.run}${document}"])

  # FreezeRun, RecordQuery and RecordResult, Upload's writer; HoldLease, RenewLease, HoldLeaseForWait
  # and ReturnLease.
  write = concat([for document in ["run.json", "query.json", "map/*"] : "${local.run}${document}"], ["leases/*/*/*.json"])

  storage_statements = [
    { sid = "ReadDocuments", actions = ["s3:GetObject"], resources = [for key in local.read : "${var.work_bucket_arn}/${key}"], conditions = [] },
    { sid = "WriteDocuments", actions = ["s3:PutObject"], resources = [for key in local.write : "${var.work_bucket_arn}/${key}"], conditions = [] },
    {
      sid        = "WriteMapResults"
      actions    = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      resources  = ["${var.work_bucket_arn}/${local.run}map/*"]
      conditions = []
    },
    # That a run or a query is not there yet is 404 only to those who may list it, and 403 to others: S3 takes the key for
    # the prefix then.
    {
      sid        = "FindDocuments"
      actions    = ["s3:ListBucket"]
      resources  = [var.work_bucket_arn]
      conditions = [{ test = "StringLike", variable = "s3:prefix", values = local.read }]
    },
    # Encrypt too: Step Functions asks it of those who write a Map's results in parts.
    {
      sid        = "UseDataKey"
      actions    = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
      resources  = [var.data_key_arn]
      conditions = [{ test = "StringEquals", variable = "kms:ViaService", values = local.via.s3 }]
    },
  ]

  # Preflight, Prepare, Compare, Plan, Advance, UploadChunk, Report. A task definition is named with or without a revision.
  families   = [for arn in values(var.task_definition_arns) : replace(arn, "/:[0-9]+$/", "")]
  tasks      = "${replace(var.cluster_arn, ":cluster/", ":task/")}/*"
  on_cluster = [{ test = "ArnEquals", variable = "ecs:cluster", values = [var.cluster_arn] }]

  task_statements = [
    { sid = "RunTasks", actions = ["ecs:RunTask"], resources = flatten([for family in local.families : [family, "${family}:*"]]), conditions = local.on_cluster },
    { sid = "WatchTasks", actions = ["ecs:DescribeTasks", "ecs:StopTask"], resources = [local.tasks], conditions = local.on_cluster },
    {
      sid        = "TagTasks"
      actions    = ["ecs:TagResource"]
      resources  = [local.tasks]
      conditions = [{ test = "StringEquals", variable = "ecs:CreateAction", values = ["RunTask"] }]
    },
    {
      sid        = "PassRoles"
      actions    = ["iam:PassRole"]
      resources  = concat(values(var.task_role_arns), [var.execution_role_arn])
      conditions = [{ test = "StringEquals", variable = "iam:PassedToService", values = ["ecs-tasks.amazonaws.com"] }]
    },
    # A rule of Step Functions' own tells it when a task has stopped. It makes the rule with this role.
    {
      sid        = "HearOfTasks"
      actions    = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
      resources  = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/StepFunctionsGetEventsForECSTaskRule"]
      conditions = []
    },
  ]

  # Upload, a Distributed Map, starts a child machine for each chunk. AWS's guide names them by the state machine, the
  # children themselves by the Map's label.
  map_statements = [
    { sid = "StartMap", actions = ["states:StartExecution"], resources = [local.state_machine_arn], conditions = [] },
    {
      sid        = "WatchMap"
      actions    = ["states:DescribeExecution", "states:StopExecution"]
      resources  = ["${local.executions}:*", "${local.executions}/${local.map_label}:*"]
      conditions = []
    },
    { sid = "RedriveMap", actions = ["states:RedriveExecution"], resources = ["${local.executions}/${local.map_label}:*"], conditions = [] },
  ]

  # StartQuery, GetQuery, CancelQuery. Clean Rooms writes the result with the rights of whoever starts the query, and
  # only through Clean Rooms may this role touch that bucket.
  query_statements = length(var.membership_arns) == 0 ? [] : [
    {
      sid        = "RunQueries"
      actions    = ["cleanrooms:StartProtectedQuery", "cleanrooms:GetProtectedQuery", "cleanrooms:UpdateProtectedQuery"]
      resources  = [for arn in var.membership_arns : "${arn}*"] # the membership, and what lies in it
      conditions = []
    },
    # To start a query is to be told what its tables and its template look like; the partner's lie in the partner's account.
    {
      sid     = "ReadSchemas"
      actions = ["cleanrooms:GetCollaborationAnalysisTemplate", "cleanrooms:GetSchema"]
      resources = [
        "arn:${local.partition}:cleanrooms:${local.region}:*:collaboration/*",
        "arn:${local.partition}:cleanrooms:${local.region}:*:membership/*",
      ]
      conditions = []
    },
    {
      sid        = "DeliverResults"
      actions    = ["s3:PutObject"]
      resources  = ["${var.results_bucket_arn}/runs/*"]
      conditions = local.through_cleanrooms
    },
    {
      sid        = "FindResultsBucket"
      actions    = ["s3:GetBucketLocation", "s3:ListBucket"]
      resources  = [var.results_bucket_arn]
      conditions = local.through_cleanrooms
    },
  ]
  through_cleanrooms = [{ test = "ForAnyValue:StringEquals", variable = "aws:CalledVia", values = ["cleanrooms.amazonaws.com"] }]

  # RunGlueJob.
  glue_statements = length(var.glue_job_names) == 0 ? [] : [{
    sid        = "RunGlueJobs"
    actions    = ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"]
    resources  = [for job in var.glue_job_names : "arn:${local.partition}:glue:${local.region}:${local.account}:job/${job}"]
    conditions = []
  }]

  # SendRunToDeadLetterQueue and SendChunkToDeadLetterQueue; PublishCompleted and PublishFailed.
  message_statements = [
    { sid = "SendDeadLetters", actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.dead_letters.arn], conditions = [] },
    {
      sid        = "UseQueueKey"
      actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources  = [var.messaging_key_arn]
      conditions = [{ test = "StringEquals", variable = "kms:ViaService", values = local.via.sqs }]
    },
    { sid = "PublishEnds", actions = ["events:PutEvents"], resources = [var.event_bus_arn], conditions = [] },
  ]

  # What Step Functions itself does with the role: remember what happens, encrypted, log it and trace it. The actions of
  # log delivery and X-Ray have no resource.
  own_statements = [
    {
      sid        = "UseHistoryKey"
      actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources  = [var.messaging_key_arn]
      conditions = [{ test = "StringEquals", variable = "kms:EncryptionContext:aws:states:stateMachineArn", values = [local.state_machine_arn, local.map_machine_arn] }]
    },
    {
      sid        = "UseLogDeliveryKey"
      actions    = ["kms:GenerateDataKey"]
      resources  = [var.messaging_key_arn]
      conditions = [{ test = "StringLike", variable = "kms:EncryptionContext:SourceArn", values = ["arn:${local.partition}:logs:${local.region}:${local.account}:*"] }]
    },
    {
      sid = "DeliverLog"
      actions = [
        "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
        "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
      ]
      resources  = ["*"]
      conditions = []
    },
    {
      sid        = "Trace"
      actions    = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"]
      resources  = ["*"]
      conditions = []
    },
  ]

  statements = concat(
    local.storage_statements, local.task_statements, local.map_statements, local.glue_statements, local.message_statements, local.own_statements,
  )

  # KMS names a service by its endpoint. China's has another suffix, and both are seen there.
  via = { for service in ["s3", "sqs"] : service => distinct([
    for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "${service}.${local.region}.${suffix}"
  ]) }
}
