# Every value in the documents, with the part of the schema that it falls under. HCL has no recursion, so each step down is
# a module of its own: from the definition to its sections, their fields, what is in these, and the members of that.

locals {
  documents = [for key, text in local.judged : { document = key, field = "", rule = "", value = jsonencode(jsondecode(text)) }] # without white space

  root  = { "" = jsonencode(local.schema) }
  rules = { for place, rule in merge(local.root, module.sections.rules, module.fields.rules, module.items.rules, module.members.rules) : place => jsondecode(rule) }

  values = concat(local.documents, module.sections.values, module.fields.values, module.items.values, module.members.values)
}

module "sections" {
  source      = "./step"
  values      = local.documents
  rules       = local.root
  definitions = jsonencode(local.schema["$defs"])
}

module "fields" {
  source      = "./step"
  values      = module.sections.values
  rules       = module.sections.rules
  definitions = jsonencode(local.schema["$defs"])
}

module "items" {
  source      = "./step"
  values      = module.fields.values
  rules       = module.fields.rules
  definitions = jsonencode(local.schema["$defs"])
}

module "members" {
  source      = "./step"
  values      = module.items.values
  rules       = module.items.rules
  definitions = jsonencode(local.schema["$defs"])
}
