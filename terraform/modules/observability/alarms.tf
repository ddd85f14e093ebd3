# What every alarm is, as data: each has a section in the runbook, and its description says what happened, what to do and
# where that is written.
locals {
  # An alarm of things that happen: one is enough, and none is well.
  happened = { statistic = "Sum", period = 300, periods = 1, comparison = "GreaterThanThreshold", threshold = 0, missing = "notBreaching" }

  # An alarm of what the latest run said: it holds until another run says otherwise, as runs may be days apart.
  latest = { period = 3600, periods = 1, missing = "ignore" }

  states = { for key, arn in { runs = var.state_machine_arn, chunks = local.chunks_arn, starter = var.starter_arn } : key => {
    for end in ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionThrottled"] :
    end => [{ namespace = "AWS/States", name = end, dimensions = { StateMachineArn = arn } }]
  } }

  execution_alarms = { for key, alarm in {
    executions-failed = {
      section = "executions-failed", metrics = local.states.runs.ExecutionsFailed
      what    = "A run failed.", act = "Read the event or the message in the dead-letter queue: its class says who must act. Mend the cause, then continue the run with its id."
    }
    executions-timed-out = {
      section = "executions-timed-out", metrics = local.states.runs.ExecutionsTimedOut
      what    = "A run took longer than the seven days that it may, and was ended without its own clean-up.", act = "Find the state that it hung in, then continue it with its id."
    }
    executions-aborted = {
      section = "executions-aborted", metrics = local.states.runs.ExecutionsAborted
      what    = "Somebody aborted a run. Its audience stays locked for up to 15 minutes, longer while a query was to be started.", act = "Ask who did it and why, and continue the run with its id if it was a mistake."
    }
    executions-throttled = {
      section = "executions-throttled", metrics = concat(local.states.runs.ExecutionThrottled, local.states.chunks.ExecutionThrottled, local.states.starter.ExecutionThrottled)
      what    = "Step Functions held executions back, because this account asks for more state transitions or starts than its quota allows.", act = "Spread the schedules, lower limits.concurrency, or raise the quota."
    }
    chunks-failed = {
      section = "chunks-failed", metrics = concat(local.states.chunks.ExecutionsFailed, local.states.chunks.ExecutionsTimedOut)
      what    = "A chunk of an upload was given up: its rows are not in the audience. The run goes on while limits.max_failed_chunks_percent allows it.", act = "Read the run's report: it names the chunks with class and advice. Mend the cause, then send just those chunks again with cleanreach redrive."
    }
    starter-failed = {
      section = "starter-failed", metrics = concat(local.states.starter.ExecutionsFailed, local.states.starter.ExecutionsTimedOut, local.states.starter.ExecutionsAborted)
      what    = "A marker, an event or a schedule did not start a run.", act = "Read the reason in the queue ${var.undelivered_queue_name}, mend it, and start the run by hand."
    }
  } : key => merge(local.happened, alarm) }

  queues = { for name in [var.dead_letter_queue_name, var.undelivered_queue_name, var.run_events_queue_name] : name => {
    for metric in ["ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"] :
    metric => [{ namespace = "AWS/SQS", name = metric, dimensions = { QueueName = name } }]
  } }
  waiting = merge(local.happened, { statistic = "Maximum" })
  oldest  = merge(local.happened, { statistic = "Maximum", threshold = var.oldest_message_hours * 3600 })

  queue_alarms = merge(
    {
      dead-letter-messages = merge(local.waiting, {
        section = "dead-letter-messages", metrics = local.queues[var.dead_letter_queue_name].ApproximateNumberOfMessagesVisible
        what    = "A run or a chunk failed for good and waits in the queue ${var.dead_letter_queue_name}.", act = "cleanreach redrive lists what waits by cause. Mend the cause; with -send it sends again what failed, and removes the messages."
      })
      undelivered-messages = merge(local.waiting, {
        section = "undelivered-messages", metrics = local.queues[var.undelivered_queue_name].ApproximateNumberOfMessagesVisible
        what    = "An event led nowhere and waits in the queue ${var.undelivered_queue_name}: it names no audience that there is, or a target could not be reached.", act = "Read the reason in the message, mend it, replay what came meanwhile with cleanreach replay or start the run by hand, then delete the message."
      })
    },
    { for key, queue in merge(
      { oldest-dead-letter = var.dead_letter_queue_name, oldest-undelivered = var.undelivered_queue_name },
      var.run_events_are_read ? { oldest-run-event = var.run_events_queue_name } : {}
      ) : key => merge(local.oldest, {
        section = "oldest-message", metrics = local.queues[queue].ApproximateAgeOfOldestMessage
        what    = "A message has waited in the queue ${queue} for more than ${var.oldest_message_hours} hours; SQS drops it after 14 days.", act = "See to it and delete it, or mend what should have taken it."
    }) },
  )

  # The rules of this module, and those that it is told of. AWS counts a rule of the default bus by its name alone.
  watched_rules = merge(var.event_rules, { for key in keys(local.alerts) : "${var.name}-${key}" => var.event_bus_name })

  delivery_alarms = merge(
    { for rule, bus in local.watched_rules : "rule-${trimprefix(rule, "${var.name}-")}" => merge(local.happened, {
      section = "event-rules"
      metrics = [for metric in ["FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"] : {
        namespace = "AWS/Events", name = metric, dimensions = merge({ RuleName = rule }, bus == "default" ? {} : { EventBusName = bus })
      }]
      what = "EventBridge could not deliver an event of the rule ${rule} of the bus ${bus}.", act = "Look for the event and the error in the queue ${var.undelivered_queue_name}; permissions and deleted targets are the usual causes."
    }) },
    # Two, as an alarm takes no more than ten metrics.
    { for key, metric in { metrics-unreadable = "EMFParsingErrors", metrics-invalid = "EMFValidationErrors" } : key => merge(local.happened, {
      section = "metrics-lost"
      metrics = [for stage in local.stages : { namespace = "AWS/Logs", name = metric, dimensions = { LogGroupName = var.log_group_names[stage] } }]
      what    = "CloudWatch could not read metrics in a task's log: dashboard and alarms miss them.", act = "Find the line and report it with the version of the image. The runs are not harmed."
    }) },
  )

  of_stage = { for tenant in keys(var.tenants) : tenant => {
    for metric, stage in { RunsCompleted = "report", InvalidRatio = "prepare", TokenDaysLeft = "preflight" } :
    metric => [{ namespace = var.metrics_namespace, name = metric, dimensions = { Tenant = tenant, Stage = stage } }]
  } }

  tenant_alarms = merge(
    # Every hour of the last no_success_hours must have been without a run that ended well; an hour without any is such an hour.
    { for tenant, t in var.tenants : "no-success-${tenant}" => {
      section = "no-success", metrics = local.of_stage[tenant].RunsCompleted
      what    = "No run of the tenant ${tenant} ended well within ${t.no_success_hours} hours.", act = "See whether runs were started at all, then why they failed."

      statistic = "Sum", period = 3600, periods = t.no_success_hours, comparison = "LessThanThreshold", threshold = 1, missing = "breaching"
    } if t.no_success_hours != null },
    { for tenant in keys(var.tenants) : "invalid-ratio-${tenant}" => merge(local.latest, {
      section = "invalid-ratio", metrics = local.of_stage[tenant].InvalidRatio
      what    = "In the latest run of the tenant ${tenant} more than ${var.invalid_ratio * 100} % of the rows that may be used were quarantined.", act = "Look at the run's quality report: it names the reasons. The alarm ends with the next run that is better."

      statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = var.invalid_ratio
    }) },
    { for tenant in keys(var.tenants) : "token-expiry-${tenant}" => merge(local.latest, {
      section = "token-expiry", metrics = local.of_stage[tenant].TokenDaysLeft
      what    = "Meta's token of the tenant ${tenant} ends within ${var.token_days} days; then every run fails.", act = "Put a new system user token into the tenant's secret. The alarm ends with the next run."

      statistic = "Minimum", comparison = "LessThanThreshold", threshold = var.token_days
    }) },
  )

  alarms = merge(local.execution_alarms, local.queue_alarms, local.delivery_alarms, local.tenant_alarms)
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what} ${each.value.act} ${var.runbook_url}#${each.value.section}"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alerts.arn]
  tags                = local.tags

  dynamic "metric_query" {
    for_each = { for i, metric in each.value.metrics : "m${i}" => metric }

    content {
      id          = metric_query.key
      return_data = length(each.value.metrics) == 1

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = each.value.statistic
        period      = each.value.period
      }
    }
  }

  dynamic "metric_query" {
    for_each = length(each.value.metrics) == 1 ? [] : [length(each.value.metrics)]

    content {
      id          = "all"
      label       = each.key
      expression  = "SUM(METRICS())"
      return_data = true
    }
  }
}
