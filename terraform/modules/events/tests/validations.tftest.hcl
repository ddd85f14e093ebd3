mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  raw_bucket         = "raw"
  work_bucket        = "work"
  work_bucket_arn    = "arn:aws:s3:::work"
  data_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/data"
  messaging_key_arn  = "arn:aws:kms:eu-west-1:111122223333:key/messaging"
  logs_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/logs"
  state_machine_arn  = "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach"
  state_machine_name = "cleanreach"
  cluster_arn        = "arn:aws:ecs:eu-west-1:111122223333:cluster/cleanreach"
}

run "name_too_long" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "cleanreach-for-everybody"
  }
}

run "state_machine_version" {
  command         = plan
  expect_failures = [var.state_machine_arn]

  variables {
    state_machine_arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:cleanreach:1"
  }
}

run "archive_for_ever" {
  command         = plan
  expect_failures = [var.archive_retention_days]

  variables {
    archive_retention_days = 0
  }
}

run "archive_for_half_a_day" {
  command         = plan
  expect_failures = [var.archive_retention_days]

  variables {
    archive_retention_days = 0.5
  }
}

run "log_for_a_hundred_days" {
  command         = plan
  expect_failures = [var.log_retention_days]

  variables {
    log_retention_days = 100
  }
}

run "tenant_with_capitals" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "Acme/vip" = { tenant = "Acme", audience = "vip", expression = "rate(1 day)" } }
  }
}

run "audience_with_a_slash" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/a/b" = { tenant = "acme", audience = "a/b", expression = "rate(1 day)" } }
  }
}

run "audience_too_long" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" = { tenant = "acme", audience = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", expression = "rate(1 day)" } }
  }
}

run "key_of_another" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/new" = { tenant = "acme", audience = "vip", expression = "rate(1 day)" } }
  }
}

run "rate_without_a_unit" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(5)" } }
  }
}

run "rate_of_weeks" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(1 week)" } }
  }
}

run "rate_in_the_plural" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(1 days)" } }
  }
}

run "rate_of_nothing" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(0 days)" } }
  }
}

run "rate_in_the_singular" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(2 day)" } }
  }
}

run "cron_of_unix" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "cron(0 5 * * 1)" } }
  }
}

run "cron_of_two_days" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "cron(0 5 1 * MON *)" } }
  }
}

run "cron_of_two_stars" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "cron(0 5 * * * *)" } }
  }
}

run "cron_of_no_day" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "cron(0 5 ? * ? *)" } }
  }
}

run "cron_without_the_word" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "0 5 * * ? *" } }
  }
}

run "cron_in_small_letters" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "cron(0 5 ? * mon *)" } }
  }
}

run "time_with_a_zone" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "at(2026-12-01T05:00:00Z)" } }
  }
}

run "time_without_seconds" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "at(2026-12-01T05:00)" } }
  }
}

run "nothing_at_all" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "" } }
  }
}

run "timezone_as_an_offset" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(1 day)", timezone = "+01:00" } }
  }
}

run "timezone_as_letters" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(1 day)", timezone = "cet" } }
  }
}

run "timezone_with_a_space" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(1 day)", timezone = "Europe/Ber lin" } }
  }
}

run "timezone_empty" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(1 day)", timezone = "" } }
  }
}

run "window_over_a_day" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(1 day)", window_minutes = 1441 } }
  }
}

run "window_before" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(1 day)", window_minutes = -1 } }
  }
}

run "window_of_half_a_minute" {
  command         = plan
  expect_failures = [var.schedules]

  variables {
    schedules = { "acme/vip" = { tenant = "acme", audience = "vip", expression = "rate(1 day)", window_minutes = 0.5 } }
  }
}

run "what_scheduler_takes" {
  command = plan

  variables {
    schedules = {
      "t/a0" = { tenant = "t", audience = "a0", expression = "rate(1 minute)", timezone = "UTC" }
      "t/a1" = { tenant = "t", audience = "a1", expression = "rate(12 hours)", timezone = "Etc/GMT+3" }
      "t/a2" = { tenant = "t", audience = "a2", expression = "rate(10 days)", timezone = "America/Argentina/Buenos_Aires" }
      "t/a3" = { tenant = "t", audience = "a3", expression = "cron(0 5 * * ? *)", timezone = "America/New_York" }
      "t/a4" = { tenant = "t", audience = "a4", expression = "cron(0/15 8-18 ? * MON-FRI *)", timezone = "Asia/Kolkata" }
      "t/a5" = { tenant = "t", audience = "a5", expression = "cron(0 5 L * ? *)", timezone = "UTC" }
      "t/a6" = { tenant = "t", audience = "a6", expression = "cron(0 5 15W 1,7 ? 2026-2030)", timezone = "UTC" }
      "t/a7" = { tenant = "t", audience = "a7", expression = "cron(0 5 ? * 6#3 *)", timezone = "UTC" }
      "t/a8" = { tenant = "t", audience = "a8", expression = "cron(0 5 ? JAN-MAR SUN,L *)", timezone = "UTC" }
      "t/a9" = { tenant = "t", audience = "a9", expression = "at(2026-12-01T05:00:00)", timezone = "Europe/Berlin" }
    }
  }

  assert {
    condition     = length(aws_scheduler_schedule.audience) == 10
    error_message = "a good expression was refused"
  }
}
