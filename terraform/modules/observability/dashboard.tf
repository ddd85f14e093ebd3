# Three rows with the question that each answers as its title.
locals {
  logs_console = "${local.console}/cloudwatch/home?region=${local.region}#logsV2:logs-insights"

  # General alarms first: a widget shows a hundred at the most.
  alarm_arns = [for key in concat(
    sort([for key in keys(local.alarms) : key if !contains(keys(local.tenant_alarms), key)]), sort(keys(local.tenant_alarms))
  ) : "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-${key}"]

  questions = [
    {
      title   = "Is it working?"
      text    = "[What to do about an alarm](${var.runbook_url}) · [Executions of ${var.state_machine_name}](${local.console}/states/home?region=${local.region}#/statemachines/view/${var.state_machine_arn}) · [Ask the logs](${local.logs_console}): the saved queries are in the folder **${var.name}**"
      widgets = local.working
      more = [
        { type = "alarm", width = 12, properties = { title = "Alarms", alarms = slice(local.alarm_arns, 0, min(100, length(local.alarm_arns))) } },
        { type = "log", width = 12, properties = {
          title  = "Latest failures of tasks"
          region = local.region
          view   = "table"
          query = join(" | ", concat(
            [for stage in local.stages : "SOURCE '${var.log_group_names[stage]}'"],
            ["fields @timestamp, stage, run, chunk, class, error", "filter level = 'ERROR'", "sort @timestamp desc", "limit 20"],
          ))
        } },
      ]
    },
    {
      title   = "Where is it slow?"
      text    = "A task's seconds begin when its program starts; its container takes about 40 s before that. Which chunk, and why: the saved query **${var.name}/slow-chunks**, [here](${local.logs_console})."
      widgets = local.slow
      more    = []
    },
    {
      title   = "What does it cost?"
      text    = "Estimates from what tasks measure and the prices that this module was given; without the start of containers, and at the price on demand also for tasks on Spot. **Not here: Clean Rooms**, usually the largest part: it bills by CRPU hours, which no metric of the account's own has; [Cost Explorer](https://${local.console_host}/cost-management/home#/cost-explorer) shows them by the tag Tenant of the membership, and [the budgets](https://${local.console_host}/billing/home#/budgets) watch them."
      widgets = local.cost
      more    = []
    },
  ]

  height  = 6 # of a widget; the grid is 24 wide
  columns = 4
  heading = 2

  # How far down each question begins.
  lines = [for q in local.questions : ceil(length(q.widgets) / local.columns) + (length(q.more) > 0 ? 1 : 0)]
  tops  = [for i in range(length(local.questions)) : sum(concat([0], [for n in slice(local.lines, 0, i) : local.heading + n * local.height]))]

  headings = [for i, q in local.questions : {
    type = "text", x = 0, y = local.tops[i], width = 24, height = local.heading, properties = { markdown = "## ${q.title}\n${q.text}" }
  }]

  charts = flatten([for i, q in local.questions : [for n, w in q.widgets : {
    type   = "metric"
    x      = n % local.columns * 24 / local.columns
    y      = local.tops[i] + local.heading + floor(n / local.columns) * local.height
    width  = 24 / local.columns
    height = local.height
    properties = merge(
      { title = w.title, region = local.region, view = "timeSeries", stacked = try(w.stacked, false), period = w.period,
      metrics = [for id, m in w.metrics : concat(slice(m, 0, length(m) - 1), [merge(m[length(m) - 1], { id = "m${id}" })])] },
      try({ yAxis = { left = { min = w.min } } }, {}),
      try({ annotations = { horizontal = [w.line] } }, {}),
    )
  }]])

  others = flatten([for i, q in local.questions : [for n, w in q.more : {
    type       = w.type
    x          = sum(concat([0], [for before in slice(q.more, 0, n) : before.width]))
    y          = local.tops[i] + local.heading + (local.lines[i] - 1) * local.height
    width      = w.width
    height     = local.height
    properties = w.properties
  }]])
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = concat(local.headings, local.charts, local.others) })
}
