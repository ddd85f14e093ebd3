output "next_steps" {
  description = "What to do after an apply."
  value       = local.next_steps
}

output "console_url" {
  description = "Console page of the state machine: runs are started and watched there."
  value       = "${local.console}/states/home?region=${local.region}#/statemachines/view/${local.state_machine_arn}"
}

output "dashboard_url" {
  description = "Console page of the dashboard."
  value       = module.observability.dashboard_url
}

output "secret_commands" {
  description = "For each tenant the command, for bash or zsh, that asks for Meta's access token and puts it into the tenant's secret. It also replaces a token."
  value       = module.secrets.secret_commands
}

output "image_command" {
  description = "Command, for the top of the repository, that builds the image for both architectures, pushes it and pins its digest for the next apply."
  value       = "make image DEPLOYMENT=<directory of this root>"
}

output "start_commands" {
  description = "For each audience the command that starts a run."
  value       = { for key, a in local.audiences : key => "${local.start} --input '${jsonencode({ tenant = a.tenant, audience = a.name })}'" }
}

output "event_command" {
  description = "Command that asks for a run by an event on the bus; with an id of yours, an event that is sent twice starts one run."
  value = join(" ", ["aws events put-events --region ${local.region} --entries", "'${jsonencode([{
    EventBusName = module.events.bus_name
    Source       = "example"
    DetailType   = "Run Requested"
    Detail       = jsonencode({ tenant = "TENANT", audience = "AUDIENCE", id = "ID" })
  }])}'"])
}

output "state_machine_arn" {
  description = "ARN of the state machine."
  value       = module.orchestration.state_machine_arn
}

output "starter_arn" {
  description = "ARN of the state machine that starts runs by markers, events and schedules."
  value       = module.events.starter_arn
}

output "definition" {
  description = "The state machine's definition as it is deployed."
  value       = module.orchestration.definition
}

output "buckets" {
  description = "The buckets: raw takes source files and markers, work has definitions, runs and reports, results is Clean Rooms'."
  value       = { raw = module.storage.raw_bucket, work = module.storage.work_bucket, results = module.storage.results_bucket }
}

output "bus" {
  description = "The event bus, by name and ARN, and its archive: every run's end is an event there, and requests for runs go there."
  value       = { name = module.events.bus_name, arn = module.events.bus_arn, archive_arn = module.events.archive_arn }
}

output "queues" {
  description = "URLs of the queues: dead_letters has failed runs and chunks, undelivered what could not be started and why, run_events an event for each run that ended."
  value = {
    dead_letters = module.orchestration.dead_letter_queue_url
    undelivered  = module.events.undelivered_queue_url
    run_events   = module.events.run_events_queue_url
  }
}

output "topic_arn" {
  description = "Topic that alarms, failed runs and budgets are told to."
  value       = module.observability.topic_arn
}

output "repository_url" {
  description = "Where the image is pushed to."
  value       = module.tasks.repository_url
}

output "cluster_name" {
  description = "ECS cluster that the tasks run on."
  value       = module.tasks.cluster_name
}

output "nat_public_ips" {
  description = "Addresses that Meta sees, for allow-lists of yours."
  value       = module.network.nat_public_ips
}

output "tables" {
  description = "Prepared tables in Glue's catalog: the database, and each audience's table."
  value       = { database = module.catalog.database_name, names = module.catalog.table_names }
}

output "collaborations" {
  description = "Of each collaboration the membership, the templates and what the partner puts into the module partner."
  value = {
    for name, c in module.cleanroom : name => {
      membership_id = c.membership_id
      template_arns = c.template_arns
      table_names   = c.table_names
      for_partner   = c.for_partner
    }
  }
}
