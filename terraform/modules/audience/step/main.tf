# One step down, in the schema and in the documents at once.

locals {
  schemas     = { for place, rule in var.rules : place => jsondecode(rule) }
  definitions = jsondecode(var.definitions)

  # The schema of a named field lies at <place>.<name>, that of an object's other fields at <place>.*, that of a list's
  # items at <place>[].
  below = merge(concat(
    [for place, s in local.schemas : { for name, schema in try(s.properties, {}) : "${place}.${name}" => jsonencode(schema) }],
    [for place, s in local.schemas : { "${place}.*" = jsonencode(s.additionalProperties) } if can(s.additionalProperties)],
    [for place, s in local.schemas : { "${place}[]" = jsonencode(s.items) } if can(s.items)],
  )...)

  rules = { for place, rule in local.below : place => try(jsonencode(local.definitions[trimprefix(jsondecode(rule)["$ref"], "#/$defs/")]), rule) }

  values = flatten([
    for v in var.values : [
      for name, value in jsondecode(v.value) : {
        document = v.document
        field    = trimprefix("${v.field}.${name}", ".")
        rule     = startswith(v.value, "[") ? "${v.rule}[]" : lookup(local.places, "${v.rule}.${name}", false) ? "${v.rule}.${name}" : "${v.rule}.*"
        value    = jsonencode(value)
      }
    ] if startswith(v.value, "{") || startswith(v.value, "[")
  ])

  places = { for place in keys(local.rules) : place => true }
}
