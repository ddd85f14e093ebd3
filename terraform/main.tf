# CleanReach in one AWS account and region: a module a tier. What an audience is stands in audiences.tf.

module "keys" {
  source = "./modules/keys"

  name                    = var.name
  deletion_window_in_days = var.key_deletion_window_in_days
  tags                    = var.tags
}

module "storage" {
  source = "./modules/storage"

  name           = var.name
  data_key_arn   = module.keys.data_key_arn
  force_destroy  = var.force_destroy
  retention_days = var.retention_days
  tags           = var.tags
}

module "network" {
  source = "./modules/network"

  name                    = var.name
  vpc_cidr                = var.network.vpc_cidr
  availability_zone_count = var.network.availability_zone_count
  nat_gateway             = var.network.nat_gateway
  interface_endpoints     = var.network.interface_endpoints
  existing                = var.network.existing
  flow_log_retention_days = var.log_retention_days
  logs_key_arn            = module.keys.logs_key_arn
  tags                    = var.tags
}

module "secrets" {
  source = "./modules/secrets"

  name                    = var.name
  tenants                 = toset(keys(var.tenants))
  reader_role_arns        = local.token_readers
  recovery_window_in_days = var.secret_recovery_window_in_days
  tags                    = var.tags
}

module "catalog" {
  source = "./modules/catalog"

  name        = var.name
  work_bucket = module.storage.work_bucket
  tables      = local.tables
  tags        = var.tags
}

module "tasks" {
  source = "./modules/tasks"

  name               = var.name
  image_digest       = var.image_digest
  architecture       = var.architecture
  sizes              = var.sizes
  raw_bucket_arn     = module.storage.raw_bucket_arn
  source_arns        = var.source_arns
  source_key_arns    = var.source_key_arns
  work_bucket_arn    = module.storage.work_bucket_arn
  results_bucket_arn = module.storage.results_bucket_arn
  data_key_arn       = module.keys.data_key_arn
  logs_key_arn       = module.keys.logs_key_arn
  secret_arns        = values(module.secrets.secret_arns)
  secret_key_arn     = module.secrets.key_arn
  glue_database      = module.catalog.database_name
  table_names        = values(module.catalog.table_names)
  metrics_namespace  = var.metrics_namespace
  environment        = var.environment
  log_retention_days = var.log_retention_days
  tags               = var.tags
}

module "cleanroom" {
  source   = "./modules/cleanroom"
  for_each = var.collaborations

  name          = var.name
  tenant        = each.value.tenant
  collaboration = merge({ for k, v in each.value : k => v if !contains(["tenant", "analysis_rule", "templates", "tables"], k) }, { name = each.key })
  analysis_rule = each.value.analysis_rule
  templates     = each.value.templates
  tables = {
    # The name by way of the catalog, so that the table is there before Clean Rooms is told of it. depends_on would do more:
    # it puts off to apply what the module looks up, and so shows changes to every collaboration when an audience changes.
    for key, a in local.audiences : key => merge(
      local.tables[key],
      lookup(each.value.tables, a.name, { association_name = null, join_columns = null }),
      { name = module.catalog.table_names[key] },
    )
    if a.collaboration == each.key && a.tenant == each.value.tenant # another tenant's is refused, in better words
  }
  database_name   = module.catalog.database_name
  work_bucket_arn = module.storage.work_bucket_arn
  data_key_arn    = module.keys.data_key_arn
  tags            = var.tags
}

module "events" {
  source = "./modules/events"

  name                   = var.name
  raw_bucket             = module.storage.raw_bucket
  work_bucket            = module.storage.work_bucket
  work_bucket_arn        = module.storage.work_bucket_arn
  data_key_arn           = module.keys.data_key_arn
  messaging_key_arn      = module.keys.messaging_key_arn
  logs_key_arn           = module.keys.logs_key_arn
  state_machine_arn      = local.state_machine_arn
  state_machine_name     = var.name
  cluster_arn            = module.tasks.cluster_arn
  archive_retention_days = var.archive_retention_days
  log_retention_days     = var.log_retention_days
  schedules              = local.schedules
  tags                   = var.tags
}

module "orchestration" {
  source = "./modules/orchestration"

  name                 = var.name
  cluster_arn          = module.tasks.cluster_arn
  task_definition_arns = module.tasks.task_definition_arns
  task_role_arns       = module.tasks.task_role_arns
  execution_role_arn   = module.tasks.execution_role_arn
  subnet_ids           = module.network.subnet_ids
  security_group_ids   = module.network.security_group_ids
  work_bucket          = module.storage.work_bucket
  work_bucket_arn      = module.storage.work_bucket_arn
  results_bucket       = module.storage.results_bucket
  results_bucket_arn   = module.storage.results_bucket_arn
  data_key_arn         = module.keys.data_key_arn
  logs_key_arn         = module.keys.logs_key_arn
  messaging_key_arn    = module.keys.messaging_key_arn
  event_bus_name       = module.events.bus_name
  event_bus_arn        = module.events.bus_arn
  membership_arns      = local.membership_arns
  glue_job_names       = local.glue_jobs
  upload_capacity      = var.upload_capacity
  log_retention_days   = var.log_retention_days
  tags                 = var.tags
}

module "observability" {
  source = "./modules/observability"

  name                   = var.name
  messaging_key_arn      = module.keys.messaging_key_arn
  state_machine_arn      = module.orchestration.state_machine_arn
  state_machine_name     = module.orchestration.state_machine_name
  starter_arn            = module.events.starter_arn
  cluster_name           = module.tasks.cluster_name
  event_bus_name         = module.events.bus_name
  event_rules            = module.events.rules
  dead_letter_queue_name = module.orchestration.dead_letter_queue_name
  undelivered_queue_name = module.events.undelivered_queue_name
  run_events_queue_name  = module.events.run_events_queue_name
  run_events_are_read    = var.alarms.run_events_are_read
  metrics_namespace      = var.metrics_namespace
  log_group_names        = module.tasks.log_group_names
  tenants                = var.tenants
  invalid_ratio          = var.alarms.invalid_ratio
  token_days             = var.alarms.token_days
  oldest_message_hours   = var.alarms.oldest_message_hours
  emails                 = var.alarms.emails
  runbook_url            = var.runbook_url
  stage_sizes            = var.sizes
  tags                   = var.tags
}

module "cost" {
  source = "./modules/cost"

  name                          = var.name
  tenants                       = var.tenants
  topic_arn                     = module.observability.topic_arn
  activate_cost_allocation_tags = var.activate_cost_allocation_tags
  tags                          = var.tags
}
