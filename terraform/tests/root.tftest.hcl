mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

# Without a variable everything is made but what belongs to an audience, so that there is a first apply without decisions.
run "defaults" {
  command = plan

  assert {
    condition     = output.buckets == { raw = "cleanreach-raw-111122223333-eu-central-1", work = "cleanreach-work-111122223333-eu-central-1", results = "cleanreach-results-111122223333-eu-central-1" }
    error_message = "the buckets have other names"
  }

  assert {
    condition     = length(aws_s3_object.audience) == 0 && length(output.secret_commands) == 0 && length(output.tables.names) == 0 && length(module.cleanroom) == 0
    error_message = "there is something of an audience, and no audience"
  }

  assert {
    condition     = output.console_url == "https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/statemachines/view/arn:aws:states:eu-central-1:111122223333:stateMachine:cleanreach"
    error_message = "the console is at ${output.console_url}"
  }

  assert {
    condition     = startswith(output.next_steps, "1. The image: ") && strcontains(output.next_steps, "2. Tenants and audiences: ")
    error_message = "next steps are\n${output.next_steps}"
  }

  expect_failures = [check.image]
}

run "a_whole_one" {
  command = plan

  variables {
    image_digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    alarms       = { emails = ["oncall@example.com"] }
    tenants      = { acme = {}, a-b = {} }
    collaborations = {
      club = {
        tenant             = "acme"
        display_name       = "Acme"
        partner_name       = "Club"
        partner_account_id = "444455556666"
        analysis_rule      = { type = "CUSTOM" }
        templates          = { since = { sql = "SELECT :day", parameters = [{ name = "day", type = "DATE" }] } }
        tables             = { vip = { association_name = "people" } }
      }
    }
    audiences = {
      vip = {
        tenant        = "acme"
        collaboration = "club"
        template      = "since"
        schedule      = { expression = "rate(1 day)" }
        source        = { columns = { EMAIL = "mail", DOB = "born" }, keep = [{ column = "Segment" }, { column = "Value", type = "double" }], glue_job = "my-job" }
        match         = { parameters = { day = "2026-01-01" } }
        meta          = { ad_account = "act_1", data_processing_options = { options = ["LDU"] } }
      }
      of_another_name = {
        tenant = "a-b"
        name   = "c-d"
        source = { path = "s3://cleanreach-raw-111122223333-eu-central-1/shared/", columns = { EXTERN_ID = "id" } }
        match = {
          membership_id = "22222222-2222-4222-8222-222222222222"
          template_arn  = "arn:aws:cleanrooms:eu-central-1:444455556666:membership/33333333-2222-4222-8222-222222222222/analysistemplate/44444444-2222-4222-8222-222222222222"
        }
        meta   = { ad_account = "act_2", mode = "remove", secret = "cleanreach/a-b/meta" }
        limits = { min_rows = 5 }
      }
    }
  }

  assert {
    condition     = aws_s3_object.audience["acme/vip"].content == file("tests/documents/acme-vip.json") # test/terraform reads it as a run would
    error_message = "the document is\n${aws_s3_object.audience["acme/vip"].content}"
  }

  assert {
    condition     = aws_s3_object.audience["a-b/c-d"].key == "audiences/a-b/c-d.json" && jsondecode(aws_s3_object.audience["a-b/c-d"].content).limits == { min_rows = 5 }
    error_message = "the other document is\n${aws_s3_object.audience["a-b/c-d"].content}"
  }

  assert {
    condition = alltrue([for key, o in aws_s3_object.audience : (
      o.tags == tomap({ Module = "audiences", Tenant = split("/", key)[0], Audience = split("/", key)[1] }) && o.kms_key_id == module.keys.data_key_arn && o.bucket == output.buckets.work
    )])
    error_message = "a document is not tagged, encrypted or placed as it should be"
  }

  assert {
    condition     = output.tables.names == { "acme/vip" = "acme_vip", "a-b/c-d" = "a__b_c_d" }
    error_message = "tables are called ${jsonencode(output.tables.names)}"
  }

  assert {
    condition     = join(" ", local.tables["acme/vip"].columns[*].name) == "email email_sha256 doby doby_sha256 dobm dobm_sha256 dobd dobd_sha256 segment value"
    error_message = "the table has ${jsonencode(local.tables["acme/vip"].columns)}"
  }

  assert {
    condition     = output.collaborations.club.table_names == { "acme/vip" = "people" }
    error_message = "the collaboration has ${jsonencode(output.collaborations.club.table_names)}: only audiences that name it take part"
  }

  assert {
    condition     = join(" ", concat(keys(local.schedules), local.glue_jobs)) == "acme/vip my-job"
    error_message = "schedules or Glue jobs are not the audiences'"
  }

  # Queries may be run by these memberships and no other; these roles and no other may read a token.
  assert {
    condition = local.membership_arns == [
      "arn:aws:cleanrooms:eu-central-1:111122223333:membership/1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01",
      "arn:aws:cleanrooms:eu-central-1:111122223333:membership/22222222-2222-4222-8222-222222222222",
    ]
    error_message = "memberships are ${jsonencode(local.membership_arns)}"
  }

  assert {
    condition     = local.token_readers == [for stage in ["preflight", "advance", "upload", "report"] : "arn:aws:iam::111122223333:role/cleanreach-${stage}"]
    error_message = "tokens can be read by ${jsonencode(local.token_readers)}"
  }

  assert {
    condition     = output.start_commands["a-b/c-d"] == "aws stepfunctions start-execution --region eu-central-1 --state-machine-arn arn:aws:states:eu-central-1:111122223333:stateMachine:cleanreach --input '{\"audience\":\"c-d\",\"tenant\":\"a-b\"}'"
    error_message = "a run is started by ${output.start_commands["a-b/c-d"]}"
  }

  assert {
    condition     = keys(output.secret_commands) == ["a-b", "acme"] && !strcontains(output.next_steps, "The image") && strcontains(output.next_steps, "oncall@example.com")
    error_message = "next steps are\n${output.next_steps}"
  }

  assert {
    condition     = !strcontains(output.definition, "$${") && strcontains(output.definition, "cleanreach-work-111122223333-eu-central-1")
    error_message = "the definition is not rendered"
  }
}
