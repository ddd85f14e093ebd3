# What preparing makes of a definition: newLayout of internal/prepare. A kept column without a type is text, unless the
# source is Parquet with a type of its own, which the first run finds out.

locals {
  # DOB is split into its parts, in their place.
  prepared_keys = {
    for name, d in local.good : name => [
      for k in local.keys : k
      if contains(keys(d.source.columns), k) || contains(keys(d.source.columns), "DOB") && contains(["DOBY", "DOBM", "DOBD"], k)
    ]
  }

  columns = merge({ for key in keys(var.documents) : key => [] }, {
    for name, d in local.good : name => concat(
      flatten([
        for k in local.prepared_keys[name] : [
          for column in concat([lower(k)], contains(local.unhashed, k) ? [] : ["${lower(k)}_sha256"]) : { name = column, type = k == "LOOKALIKE_VALUE" ? "double" : "string" }
        ]
      ]),
      [for i, kept in try(d.source.keep, []) : { name = local.kept_names[name][i], type = try(kept.type, "string") }],
    )
  })

  # A tenant's hyphens become two underscores, so that no two audiences share a table: TableName of internal/audience.
  table_names = {
    for key, text in var.documents : key => try("${replace(jsondecode(text).tenant, "-", "__")}_${replace(jsondecode(text).name, "-", "_")}", "")
  }
}
