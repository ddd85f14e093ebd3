# The JSON Schema's rules, with the words that internal/audience finds for them.

locals {
  # Of each keyword the parts of the schema that have it: to look there is much faster than to let try() fail.
  keyword = {
    for word in ["enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "minProperties", "maxItems", "required", "propertyNames"] :
    word => { for place, rule in local.rules : place => rule[word] if can(rule[word]) }
  }

  minimum   = tomap(local.keyword.minimum)
  maximum   = tomap(local.keyword.maximum)
  minLength = tomap(local.keyword.minLength)
  maxLength = tomap(local.keyword.maxLength)
  pattern   = tomap(local.keyword.pattern)
  enum      = { for place, values in local.keyword.enum : place => [for value in values : jsonencode(value)] }
  required  = { for place, names in local.keyword.required : place => tolist(names) }
  names     = { for place, rule in local.keyword.propertyNames : place => rule.pattern }
  typed     = { for place, rule in local.rules : place => local.wanted[place] if can(rule.type) }
  refused   = { for place, rule in local.rules : place => true if rule == false }

  # A value of another type than the schema wants breaks that one rule.
  texts   = [for v in local.values : merge(v, { value = jsondecode(v.value) }) if v.fits && v.type == "string"]
  numbers = [for v in local.values : merge(v, { value = jsondecode(v.value) }) if v.fits && v.type == "number"]
  objects = [for v in local.values : merge(v, { value = keys(jsondecode(v.value)) }) if v.fits && v.type == "object"]
  arrays  = [for v in local.values : merge(v, { value = length(jsondecode(v.value)) }) if v.fits && v.type == "array"]

  broken = concat(
    [for v in local.values : merge(v, { message = "is not a field of this document" }) if lookup(local.refused, v.rule, false)],
    [for v in local.values : merge(v, { message = "must be ${join(" or ", local.wanted[v.rule])}, not ${v.type}" }) if !v.fits && lookup(local.typed, v.rule, []) != []],
    [
      for v in local.values : merge(v, { message = "must be one of ${join(", ", local.keyword.enum[v.rule])}" })
      if !contains(lookup(local.enum, v.rule, [v.value]), v.value)
    ],
    [for v in local.values : merge(v, { message = "must be ${local.keyword.const[v.rule]}" }) if try(jsonencode(local.keyword.const[v.rule]) != v.value, false)],
    [for v in local.texts : merge(v, { message = "must match ${local.pattern[v.rule]}" }) if !can(regex(lookup(local.pattern, v.rule, ""), v.value))],
    # length() would count what a reader takes for a character, which may be several.
    [
      for v in local.texts : merge(v, { message = "must have at least ${local.minLength[v.rule]} character(s)" })
      if length(regexall("(?s:.)", v.value)) < lookup(local.minLength, v.rule, 0)
    ],
    [
      for v in local.texts : merge(v, { message = "must have at most ${local.maxLength[v.rule]} characters" })
      if length(regexall("(?s:.)", v.value)) > lookup(local.maxLength, v.rule, local.max_bytes)
    ],
    [for v in local.numbers : merge(v, { message = "must be at least ${local.minimum[v.rule]}" }) if v.value < lookup(local.minimum, v.rule, v.value)],
    [for v in local.numbers : merge(v, { message = "must be at most ${local.maximum[v.rule]}" }) if v.value > lookup(local.maximum, v.rule, v.value)],
    [
      for v in local.objects : merge(v, { message = "must have at least ${local.keyword.minProperties[v.rule]} entry" })
      if length(v.value) < lookup(local.keyword.minProperties, v.rule, 0)
    ],
    [
      for v in local.arrays : merge(v, { message = "breaks the rule \"maxItems\" of the schema" })
      if v.value > lookup(local.keyword.maxItems, v.rule, local.max_bytes)
    ],
    flatten([
      for v in local.objects : [
        for name in setsubtract(lookup(local.required, v.rule, []), v.value) : merge(v, { field = trimprefix("${v.field}.${name}", "."), message = "is required" })
      ]
    ]),
    flatten([
      for v in local.objects : [
        for name in v.value : merge(v, { field = "", message = "the name ${jsonencode(name)} must match ${local.names[v.rule]}" })
        if !can(regex(lookup(local.names, v.rule, ""), name))
      ]
    ]),
  )

  schema_problems = [for v in local.broken : { document = v.document, field = v.field, message = v.message }]
}
