# The questions that people ask of the logs. Log lines and metric lines are JSON; neither has anything personal in it.
locals {
  queries = {
    failures = {
      question = "Which tasks failed, of which class, and what do they say?"
      stages   = local.stages
      query    = <<-EOT
        fields @timestamp, stage, run, chunk, class, error
        | filter level = "ERROR"
        | sort @timestamp desc
        | limit 100
      EOT
    }
    story-of-a-run = {
      question = "What happened in one run? Put its id in."
      stages   = local.stages
      query    = <<-EOT
        fields @timestamp, stage, level, msg, @message
        | filter run = "put the run's id here"
        | sort @timestamp asc
        | limit 10000
      EOT
    }
    slow-chunks = {
      question = "Which chunks took longest, and did Meta make them wait?"
      stages   = ["upload"]
      query    = <<-EOT
        filter ispresent(StageSeconds)
        | stats sum(StageSeconds) as seconds, sum(ThrottledSeconds) as waited, sum(MetaCalls) as calls, sum(RowsSent) as rows by Tenant, audience, run, chunk
        | sort seconds desc
        | limit 50
      EOT
    }
    rows-by-audience = {
      question = "How many rows did each audience send, and how many did Meta refuse?"
      stages   = ["upload"]
      query    = <<-EOT
        filter ispresent(RowsSent)
        | stats sum(RowsSent) as sent, sum(RowsRefused) as refused, sum(RowsUnusable) as unusable, sum(RowsWithheld) as withheld, count_distinct(run) as runs by Tenant, audience
        | sort sent desc
      EOT
    }
    quality-by-audience = {
      question = "How good was the data of each audience's runs?"
      stages   = ["prepare"]
      query    = <<-EOT
        filter ispresent(InvalidRatio)
        | display @timestamp, Tenant, audience, run, RowsSource, RowsNoConsent, RowsSuppressed, RowsQuarantined, RowsPrepared, InvalidRatio
        | sort @timestamp desc
        | limit 200
      EOT
    }
    metas-words = {
      question = "When did Meta refuse, throttle or warn?"
      stages   = ["preflight", "advance", "upload", "report"]
      query    = <<-EOT
        fields @timestamp, stage, run, chunk, msg, error
        | filter msg like /Meta/ or level = "WARN"
        | sort @timestamp desc
        | limit 200
      EOT
    }
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = local.queries

  name            = "${var.name}/${each.key}"
  log_group_names = [for stage in each.value.stages : var.log_group_names[stage]]
  query_string    = "# ${each.value.question}\n${each.value.query}"
}
