# The dashboard's widgets, as data. Metrics of tasks are searched for, so that a new tenant appears by itself; AWS's own
# are named. Labels in ${...} are CloudWatch's, filled in for each series that a search finds.
locals {
  schema    = "{\"${var.metrics_namespace}\",Tenant,Stage}"
  by_tenant = "$${PROP('Dim.Tenant')}"
  by_stage  = "$${PROP('Dim.Stage')}"
  by_both   = "${local.by_tenant} ${local.by_stage}"

  # search["RowsSent"]["Sum"] is a series for each tenant and stage.
  search = { for metric in local.task_metrics : metric => {
    for statistic in ["Sum", "Average", "Maximum", "Minimum", "p90"] :
    statistic => "SEARCH('${local.schema} MetricName=\"${metric}\"', '${statistic}')"
  } }

  # What tasks measure: internal/telemetry/metrics.go. A test compares the two.
  task_metrics = [
    "StageSeconds", "StageFailures", "MetaCalls", "ThrottledSeconds", "TokenDaysLeft",
    "RowsSource", "RowsNoConsent", "RowsSuppressed", "RowsQuarantined", "RowsPrepared", "InvalidRatio", "RowsMatched", "MatchRate",
    "RowsSent", "RowsUnusable", "RowsWithheld", "RowsRefused", "ChunkSeconds", "RowsFailed", "RunsCompleted", "RunsFailed", "RunsUnbalanced",
    "PeopleJoined", "PeopleLeft", "PeopleStayed", "ReplaceSeconds",
  ]

  outcomes = {
    "no consent"      = "RowsNoConsent"
    "opted out"       = "RowsSuppressed"
    "quarantined"     = "RowsQuarantined"
    "unusable"        = "RowsUnusable"
    "opted out since" = "RowsWithheld"
    "refused"         = "RowsRefused"
    "failed"          = "RowsFailed"
    "sent"            = "RowsSent"
  }

  executions = [for name, label in {
    ExecutionsStarted = "started", ExecutionsSucceeded = "succeeded", ExecutionsFailed = "failed", ExecutionsTimedOut = "timed out", ExecutionsAborted = "aborted"
  } : ["AWS/States", name, "StateMachineArn", var.state_machine_arn, { label = label, stat = "Sum" }]]

  working = [
    { title = "Executions", period = 3600, metrics = local.executions },
    { title = "Runs by tenant", period = 3600, metrics = concat(
      [for metric, label in { RunsCompleted = "completed", RunsFailed = "failed", RunsUnbalanced = "unbalanced" } :
      [{ expression = local.search[metric].Sum, label = "${local.by_tenant} ${label}" }]],
    ) },
    { title = "Failed tasks by tenant and stage", period = 3600, metrics = [[{ expression = local.search.StageFailures.Sum, label = local.by_both }]] },
    { title = "Messages that wait", period = 300, metrics = [
      for queue in [var.dead_letter_queue_name, var.undelivered_queue_name, var.run_events_queue_name] :
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, { label = queue, stat = "Maximum" }]
    ] },
    { title = "Rows by outcome", period = 3600, stacked = true, metrics = [
      for label, metric in local.outcomes : [{ expression = "SUM(${local.search[metric].Sum})", label = label }]
    ] },
    { title = "Rows by outcome and tenant", period = 3600, stacked = true, metrics = [
      for label, metric in local.outcomes : [{ expression = local.search[metric].Sum, label = "${local.by_tenant} ${label}" }]
    ] },
    { title = "From the source to Meta", period = 86400, metrics = [
      for label, metric in { "1 source" = "RowsSource", "2 prepared" = "RowsPrepared", "3 matched" = "RowsMatched", "4 sent" = "RowsSent" } :
      [{ expression = "SUM(${local.search[metric].Sum})", label = label }]
    ] },
    { title = "People of mirrored audiences", period = 86400, metrics = [
      for label, metric in { joined = "PeopleJoined", left = "PeopleLeft", stayed = "PeopleStayed" } :
      [{ expression = local.search[metric].Sum, label = "${local.by_tenant} ${label}" }]
    ] },
    { title = "Match rate: matched by prepared rows", period = 3600, metrics = [[{ expression = local.search.MatchRate.Average, label = local.by_tenant }]], min = 0 },
    { title = "Invalid ratio: quarantined rows by rows that may be used", period = 3600, metrics = [[{ expression = local.search.InvalidRatio.Maximum, label = local.by_tenant }]], min = 0, line = { value = var.invalid_ratio, label = "alarm" } },
    { title = "Days left of Meta's token", period = 3600, metrics = [[{ expression = local.search.TokenDaysLeft.Minimum, label = local.by_tenant }]], min = 0, line = { value = var.token_days, label = "alarm" } },
    { title = "Age of the oldest message, seconds", period = 300, metrics = [
      for queue in [var.dead_letter_queue_name, var.undelivered_queue_name, var.run_events_queue_name] :
      ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, { label = queue, stat = "Maximum" }]
    ] },
    { title = "Events that EventBridge could not deliver", period = 300, metrics = [
      for rule, bus in local.watched_rules :
      concat(["AWS/Events", "FailedInvocations"], bus == "default" ? [] : ["EventBusName", bus], ["RuleName", rule, { label = rule, stat = "Sum" }])
    ] },
  ]

  slow = [
    { title = "Seconds of a stage, 9 of 10 tasks are faster", period = 3600, metrics = [[{ expression = local.search.StageSeconds.p90, label = local.by_both }]] },
    { title = "Seconds of a chunk", period = 3600, metrics = [
      [{ expression = local.search.ChunkSeconds.Average, label = "${local.by_tenant} on average" }],
      [{ expression = local.search.ChunkSeconds.Maximum, label = "${local.by_tenant} at most" }],
    ] },
    { title = "Seconds that a replace was open, at most", period = 3600, metrics = [[{ expression = local.search.ReplaceSeconds.Maximum, label = local.by_tenant }]], min = 0, line = { value = 5400, label = "Meta ends it" } },
    { title = "Seconds that tasks waited for Meta's limits", period = 3600, stacked = true, metrics = [[{ expression = local.search.ThrottledSeconds.Sum, label = local.by_both }]] },
    { title = "Calls to Meta", period = 3600, stacked = true, metrics = [[{ expression = local.search.MetaCalls.Sum, label = local.by_both }]] },
    { title = "Duration of runs and chunks, milliseconds", period = 3600, metrics = [
      ["AWS/States", "ExecutionTime", "StateMachineArn", var.state_machine_arn, { label = "run, at most", stat = "Maximum" }],
      ["AWS/States", "ExecutionTime", "StateMachineArn", local.chunks_arn, { label = "chunk, on average", stat = "Average" }],
    ] },
    { title = "Chunks and executions held back", period = 300, metrics = [
      ["AWS/States", "ExecutionsStarted", "StateMachineArn", local.chunks_arn, { label = "chunks started", stat = "Sum" }],
      ["AWS/States", "ExecutionThrottled", "StateMachineArn", local.chunks_arn, { label = "chunks held back", stat = "Sum" }],
      ["AWS/States", "ExecutionThrottled", "StateMachineArn", var.state_machine_arn, { label = "runs held back", stat = "Sum" }],
    ] },
    { title = "Rows sent in a second of an upload task", period = 3600, metrics = [[{
      expression = "SUM(${local.search.RowsSent.Sum}) / SUM(SEARCH('${local.schema} MetricName=\"StageSeconds\" Stage=\"upload\"', 'Sum'))", label = "rows"
    }]], min = 0 },
    { title = "CPU of tasks, in units used and reserved", period = 300, metrics = [
      for metric, label in { CpuUtilized = "used", CpuReserved = "reserved" } :
      ["ECS/ContainerInsights", metric, "ClusterName", var.cluster_name, { label = label, stat = "Sum" }]
    ] },
  ]

  # A second of a stage's task.
  stage_prices = { for stage, size in var.stage_sizes : stage => (size.cpu / 1024 * var.prices.vcpu_hour + size.memory / 1024 * var.prices.gb_hour) / 3600 }
  # Eight hashed keys and an id are about 540 bytes a row.
  row_price = 540 / 1000000000 * var.prices.egress_gb

  cost = [
    { title = "Fargate by stage, USD a day (estimate)", period = 86400, stacked = true, metrics = [
      for stage, price in local.stage_prices : [{
        expression = format("SUM(SEARCH('%s MetricName=\"StageSeconds\" Stage=\"%s\"', 'Sum')) * %.9f", local.schema, stage, price), label = stage
      }]
    ], min = 0 },
    { title = "Traffic to Meta, USD a day (estimate)", period = 86400, metrics = [[{
      expression = format("SUM(%s) * %.12f", local.search.RowsSent.Sum, local.row_price), label = "through NAT to the internet"
    }]], min = 0 },
    { title = "Rows sent a day, by tenant", period = 86400, stacked = true, metrics = [[{ expression = local.search.RowsSent.Sum, label = local.by_tenant }]], min = 0 },
    { title = "Task seconds a day, by tenant and stage", period = 86400, stacked = true, metrics = [[{ expression = local.search.StageSeconds.Sum, label = local.by_both }]], min = 0 },
  ]
}
