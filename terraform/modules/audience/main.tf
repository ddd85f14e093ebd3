# Judges audience definitions at plan as the container would at the start of a run, by the same JSON Schema, and says what
# their prepared tables look like. It needs no provider. test/terraform/definitions_test.go holds it against the Go code.

locals {
  schema = jsondecode(file("${path.module}/../../../internal/audience/definition.schema.json"))

  # A byte is counted by its base64: length() of a text counts characters.
  bytes = { for key, text in var.documents : key => length(base64encode(text)) / 4 * 3 - length(regexall("=", base64encode(text))) }

  # maxDefinition of internal/audience: what fits through the state machine.
  max_bytes = 120000

  judged = { for key, text in var.documents : key => text if local.bytes[key] <= local.max_bytes && can(jsondecode(text)) }

  unread = merge(
    { for key, text in var.documents : key => ["(document): not valid JSON"] if !can(jsondecode(text)) },
    {
      for key, bytes in local.bytes : key => [
        "(document): the audience definition has ${bytes} bytes, and at most ${local.max_bytes} fit through the state machine: move a long query into an analysis template (match.template_arn)"
      ] if bytes > local.max_bytes
    },
  )

  # What the schema cannot say is only worth telling about fields that the schema finds nothing wrong with.
  problems = merge(local.unread, {
    for key in keys(local.judged) : key => sort(concat(
      [for p in lookup(local.by_schema, key, []) : "${p.field == "" ? "(document)" : p.field}: ${p.message}"],
      [
        for p in lookup(local.by_further_rules, key, []) : "${p.field}: ${p.message}"
        if alltrue([for s in lookup(local.by_schema, key, []) : s.field != "" && !startswith("${p.field}.", "${s.field}.")])
      ],
    ))
  })

  by_schema        = { for p in local.schema_problems : p.document => p... }
  by_further_rules = { for p in local.further_problems : p.document => p... }

  good = { for key, text in local.judged : key => jsondecode(text) if length(local.problems[key]) == 0 }
}
