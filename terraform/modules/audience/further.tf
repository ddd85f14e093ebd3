# The rules that the schema cannot say: Definition.problems of internal/audience, word for word.

locals {
  # internal/audience's Keys: what each schema that we send to Meta names, in that order. Meta takes four of them unhashed.
  keys     = ["EXTERN_ID", "EMAIL", "PHONE", "GEN", "DOBY", "DOBM", "DOBD", "LN", "FN", "FI", "CT", "ST", "ZIP", "MADID", "COUNTRY", "LOOKALIKE_VALUE", "DATA_PROCESSING_OPTIONS"]
  unhashed = ["EXTERN_ID", "MADID", "LOOKALIKE_VALUE", "DATA_PROCESSING_OPTIONS"]
  finding  = ["EMAIL", "PHONE", "MADID", "EXTERN_ID", "LN"]

  readable = { for key, text in local.judged : key => jsondecode(text) if !contains(local.unreadable, key) }

  # Of each readable document what the rules look at, empty where it has none.
  looked_at = {
    for key, d in local.readable : key => {
      sql         = try(coalesce(d.match.sql), "")
      template    = try(coalesce(d.match.template_arn), "")
      parameters  = length(try(coalesce(d.match.parameters), {}))
      description = try(coalesce(d.meta.description), "")
      located     = [for part in ["country", "state"] : part if try(coalesce(d.meta.data_processing_options[part], 0), 0) != 0]
      columns     = { for k, column in try(coalesce(d.source.columns), {}) : k => try(coalesce(column), "") }
      kept        = [for kept in try(coalesce(d.source.keep), []) : try(coalesce(kept.column), coalesce(tostring(kept)), "")]
    }
  }

  # Lower case letters, digits and underscores: what Glue and Clean Rooms accept as a column's name.
  kept_names = {
    for key, d in local.looked_at : key => [for kept in d.kept : trimspace(kept) == "" ? "_" : replace(lower(trimspace(kept)), "/[^a-z0-9_]/", "_")]
  }

  further_problems = flatten([
    for key, d in local.looked_at : [
      for p in concat(
        [
          { field = "match", message = (d.sql == "") == (d.template == "") ? "give exactly one of sql and template_arn" : "" },
          { field = "match.parameters", message = d.sql != "" && d.parameters > 0 ? "only a template takes parameters; write the values into sql" : "" },
          { field = "meta.description", message = strcontains(lower(d.description), "cleanreach:") ? "must not contain cleanreach:: the mark behind it tells whose audience it is" : "" },
          {
            field   = "meta.data_processing_options"
            message = length(d.located) == 1 ? "give country and state, or neither: Meta then finds out where somebody is" : ""
          },
          {
            field   = "source.columns"
            message = length(setintersection(keys(d.columns), local.finding)) == 0 ? "map at least one of ${join(", ", local.finding)}: the other keys alone find nobody" : ""
          },
        ],
        [
          for k, column in d.columns : {
            field   = "source.columns.${k}"
            message = try("column ${jsonencode(column)} is already mapped to ${local.same_column[key][k][0]}", "")
          }
        ],
        [
          for part in ["DOBY", "DOBM", "DOBD"] : {
            field   = "source.columns.${part}"
            message = contains(keys(d.columns), "DOB") && contains(keys(d.columns), part) ? "give either DOB or its parts, not both" : ""
          }
        ],
        [
          for i, name in local.kept_names[key] : {
            field   = "source.keep[${i}]"
            message = contains([for k in local.keys : lower(k)], name) || endswith(name, "_sha256") ? "${jsonencode(d.kept[i])} would collide with a prepared key's column; map it under columns" : ""
          }
        ],
        [
          for i, name in local.kept_names[key] : {
            field   = "source.keep[${i}]"
            message = contains(slice(local.kept_names[key], 0, i), name) ? "${jsonencode(d.kept[i])} becomes column ${name}, which another kept column already is" : ""
          }
        ],
      ) : { document = key, field = p.field, message = p.message } if p.message != ""
    ]
  ])

  # Of each mapped key the last one in front of it that is mapped to the same column, if any.
  same_column = {
    for key, d in local.looked_at : key => {
      for k, column in d.columns : k => reverse([
        for other in slice(keys(d.columns), 0, index(keys(d.columns), k)) : other if d.columns[other] == column && trimspace(column) != ""
      ])
    }
  }
}
