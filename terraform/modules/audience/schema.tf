# The JSON Schema's rules, with the words that internal/audience finds for them.

locals {
  # Values that are the same and fall under the same part of the schema are judged once.
  alike = { for v in local.values : "${v.rule} ${v.value}" => v... }

  typed = [for id, same in local.alike : { id = id, rule = same[0].rule, value = same[0].value, type = lookup(local.types, substr(same[0].value, 0, 1), "number") }]

  # JSON's types by how a value of them begins; a number begins in eleven ways.
  types = { "{" = "object", "[" = "array", "\"" = "string", "t" = "boolean", "f" = "boolean", "n" = "null" }

  judged_values = [
    for v in local.typed : merge(v, {
      fits = contains(lookup(local.wanted, v.rule, [v.type]), v.type) || contains(lookup(local.wanted, v.rule, []), "integer") && can(regex("^-?[0-9]+$", v.value))
    })
  ]

  # The types that a part of the schema wants: it names them, or shows them by the values that it allows, or takes any.
  wanted = {
    for place, rule in local.rules : place => flatten([
      try(rule.type, lookup(local.types, substr(jsonencode(try(rule.enum[0], rule.const)), 0, 1), "number"), concat(values(local.types), ["number"]))
    ])
  }

  # Of each keyword the parts of the schema that have it: to look there is much faster than to let try() fail.
  keyword = {
    for word in ["type", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "minProperties", "maxItems", "required", "propertyNames"] :
    word => { for place, rule in local.rules : place => rule[word] if can(rule[word]) }
  }
  enum     = { for place, values in local.keyword.enum : place => [for value in values : jsonencode(value)] }
  const    = { for place, value in local.keyword.const : place => jsonencode(value) }
  required = { for place, names in local.keyword.required : place => tolist(names) }
  names    = { for place, rule in local.keyword.propertyNames : place => rule.pattern }
  refused  = { for place, rule in local.rules : place => true if rule == false }

  # A value of another type than the schema wants breaks that one rule.
  texts   = [for v in local.judged_values : merge(v, { value = jsondecode(v.value) }) if v.fits && v.type == "string"]
  numbers = [for v in local.judged_values : merge(v, { value = jsondecode(v.value) }) if v.fits && v.type == "number"]
  objects = [for v in local.judged_values : merge(v, { value = keys(jsondecode(v.value)) }) if v.fits && v.type == "object"]
  arrays  = [for v in local.judged_values : merge(v, { value = length(jsondecode(v.value)) }) if v.fits && v.type == "array"]

  broken = concat(
    [for v in local.judged_values : { id = v.id, message = "is not a field of this document" } if lookup(local.refused, v.rule, false)],
    [
      for v in local.judged_values : { id = v.id, message = "must be ${join(" or ", local.wanted[v.rule])}, not ${v.type}" }
      if !v.fits && contains(keys(local.keyword.type), v.rule)
    ],
    [
      for v in local.judged_values : { id = v.id, message = "must be one of ${join(", ", local.keyword.enum[v.rule])}" }
      if !contains(lookup(local.enum, v.rule, [v.value]), v.value)
    ],
    [for v in local.judged_values : { id = v.id, message = "must be ${local.keyword.const[v.rule]}" } if lookup(local.const, v.rule, v.value) != v.value],
    [for v in local.texts : { id = v.id, message = "must match ${local.keyword.pattern[v.rule]}" } if !can(regex(lookup(local.keyword.pattern, v.rule, ""), v.value))],
    # length() would count what a reader takes for a character, which may be several.
    [
      for v in local.texts : { id = v.id, message = "must have at least ${local.keyword.minLength[v.rule]} character(s)" }
      if length(regexall("(?s:.)", v.value)) < lookup(local.keyword.minLength, v.rule, 0)
    ],
    [
      for v in local.texts : { id = v.id, message = "must have at most ${local.keyword.maxLength[v.rule]} characters" }
      if length(regexall("(?s:.)", v.value)) > lookup(local.keyword.maxLength, v.rule, local.max_bytes)
    ],
    [for v in local.numbers : { id = v.id, message = "must be at least ${local.keyword.minimum[v.rule]}" } if v.value < lookup(local.keyword.minimum, v.rule, v.value)],
    [for v in local.numbers : { id = v.id, message = "must be at most ${local.keyword.maximum[v.rule]}" } if v.value > lookup(local.keyword.maximum, v.rule, v.value)],
    [
      for v in local.objects : { id = v.id, message = "must have at least ${local.keyword.minProperties[v.rule]} entry" }
      if length(v.value) < lookup(local.keyword.minProperties, v.rule, 0)
    ],
    [
      for v in local.arrays : { id = v.id, message = "breaks the rule \"maxItems\" of the schema" }
      if v.value > lookup(local.keyword.maxItems, v.rule, local.max_bytes)
    ],
  )

  # About a field that is not there, and about a field's name, which the container tells of the document as a whole.
  missing = flatten([
    for v in local.objects : [for name in setsubtract(lookup(local.required, v.rule, []), v.value) : { id = v.id, below = name, message = "is required" }]
  ])
  misnamed = flatten([
    for v in local.objects : [
      for name in v.value : { id = v.id, message = "the name ${jsonencode(name)} must match ${local.names[v.rule]}" }
      if !can(regex(lookup(local.names, v.rule, ""), name))
    ]
  ])

  schema_problems = concat(
    flatten([for b in local.broken : [for v in local.alike[b.id] : { document = v.document, field = v.field, message = b.message }]]),
    flatten([for b in local.missing : [for v in local.alike[b.id] : { document = v.document, field = trimprefix("${v.field}.${b.below}", "."), message = b.message }]]),
    flatten([for b in local.misnamed : [for v in local.alike[b.id] : { document = v.document, field = "", message = b.message }]]),
  )

  # The container goes on to the further rules only if it could read every field, wrong as some may be.
  unreadable = toset(flatten([for v in local.judged_values : local.alike[v.id][*].document if !v.fits && v.type != "null"]))
}
