# test/terraform holds the module against the Go code, with some 900 definitions. Here is what it looks like to others.

variables {
  documents = {
    good = jsonencode({
      tenant = "a-b", name = "c-d"
      source = { path = "s3://raw/", columns = { EMAIL = "mail", MADID = "device", DOB = "born" }, keep = ["Segment", { column = "Value", type = "double" }] }
      match  = { membership_id = "11111111-2222-3333-4444-555555555555", sql = "SELECT 1" }
      meta   = { ad_account = "act_1" }
    })
    bad = jsonencode({
      tenant = "acme", name = "vip", colour = "red"
      source = { path = "s3://raw/", columns = { CT = "city" } }
      match  = { membership_id = "11111111-2222-3333-4444-555555555555" }
      meta   = { ad_account = "1" }
    })
    none = "{"
  }
}

run "judges" {
  command = plan

  assert {
    condition = jsonencode(output.problems) == jsonencode({
      bad = [
        "colour: is not a field of this document",
        "match: give exactly one of sql and template_arn",
        "meta.ad_account: must match ^act_[0-9]{1,20}$",
        "source.columns: map at least one of EMAIL, PHONE, MADID, EXTERN_ID, LN: the other keys alone find nobody",
      ]
      good = []
      none = ["(document): not valid JSON"]
    })
    error_message = "problems are ${jsonencode(output.problems)}"
  }

  assert {
    condition = join(" ", [for c in output.columns.good : "${c.name}:${c.type}"]) == join(" ", [
      "email:string", "email_sha256:string", "doby:string", "doby_sha256:string", "dobm:string", "dobm_sha256:string", "dobd:string", "dobd_sha256:string",
      "madid:string", "segment:string", "value:double",
    ])
    error_message = "columns are ${jsonencode(output.columns.good)}"
  }

  assert {
    condition     = jsonencode(output.table_names) == jsonencode({ bad = "acme_vip", good = "a__b_c_d", none = "" }) && length(output.columns.bad) == 0 && length(output.columns.none) == 0
    error_message = "tables are ${jsonencode(output.table_names)}"
  }
}

run "nothing" {
  command = plan

  variables {
    documents = {}
  }

  assert {
    condition     = length(output.problems) == 0 && length(output.columns) == 0 && length(output.table_names) == 0
    error_message = "there is something of nothing"
  }
}
