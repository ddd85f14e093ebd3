# What is wrong is said at plan, all of it at once and with the field.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  image_digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  tenants      = { acme = {}, globex = {} }
  collaborations = {
    club = { tenant = "acme", display_name = "Acme", partner_name = "Club", partner_account_id = "444455556666" }
  }
}

run "audiences" {
  command = plan

  variables {
    audiences = {
      stranger = {
        tenant = "nobody"
        source = { columns = { EMAIL = "mail" } }
        match  = { membership_id = "22222222-2222-4222-8222-222222222222", sql = "SELECT 1" }
        meta   = { ad_account = "act_1" }
      }
      twice = {
        tenant = "acme"
        source = { columns = { EMAIL = "mail" } }
        match  = { membership_id = "22222222-2222-4222-8222-222222222222", sql = "SELECT 1" }
        meta   = { ad_account = "act_1" }
      }
      again = {
        tenant = "acme"
        name   = "twice"
        source = { columns = { EMAIL = "mail" } }
        match  = { membership_id = "22222222-2222-4222-8222-222222222222", sql = "SELECT 1" }
        meta   = { ad_account = "act_1" }
      }
      schema = {
        tenant = "acme"
        source = { format = "xlsx", columns = { TWITTER = "t", EMAIL = "mail", PHONE = "mail" } }
        match  = { sql = "SELECT 1", parameters = { a = "b" } }
        meta   = { ad_account = "1", retention_days = 181 }
        limits = { min_rows = 0.5 }
      }
      wrong-room = {
        tenant        = "globex"
        collaboration = "club"
        template      = "none"
        source        = { columns = { EMAIL = "mail" } }
        match         = { membership_id = "22222222-2222-4222-8222-222222222222", sql = "SELECT 1" }
        meta          = { ad_account = "act_1", secret = "cleanreach/acme/meta" }
      }
      no-room = {
        tenant        = "acme"
        collaboration = "clubs"
        source        = { path = "s3://elsewhere/customers/", columns = { EMAIL = "mail" } }
        match         = { sql = "SELECT 1" }
        meta          = { ad_account = "act_1" }
      }
      far = {
        tenant   = "acme"
        template = "since"
        source   = { path = "file:///customers/", columns = { EMAIL = "mail" } }
        match = {
          membership_id = "22222222-2222-4222-8222-222222222222"
          template_arn  = "arn:aws-us-gov:cleanrooms:us-gov-west-1:111122223333:membership/22222222-2222-4222-8222-222222222222/analysistemplate/33333333-2222-4222-8222-222222222222"
        }
        meta = { ad_account = "act_1" }
      }
    }
  }

  expect_failures = [terraform_data.audiences]

  assert {
    condition     = join("\n", concat(local.audience_problems, [""])) == <<-EOT
      acme/far: match.template_arn: is the template's: leave it out, or leave template out
      acme/far: match.template_arn: must be in this region, arn:aws:cleanrooms:eu-central-1:…
      acme/far: source.path: must begin with s3:// and a bucket
      acme/no-room: collaboration: must be one of collaborations: club
      acme/no-room: source.path: prepare cannot read the bucket elsewhere: add the objects' ARNs to source_arns, or use one of cleanreach-raw-111122223333-eu-central-1
      acme/schema: limits.min_rows: must be integer, not number
      acme/schema: match.membership_id: is required, unless collaboration is
      acme/schema: meta.ad_account: must match ^act_[0-9]{1,20}$
      acme/schema: meta.retention_days: must be at most 180
      acme/schema: source.columns.TWITTER: is not a field of this document
      acme/schema: source.format: must be one of csv, jsonl, parquet
      acme/twice: name: the audiences again, twice are called the same
      globex/wrong-room: collaboration: club is of tenant acme
      globex/wrong-room: match.membership_id: is the collaboration's: leave it out, or leave collaboration out
      globex/wrong-room: template: must be one of the collaboration's: 
      globex/wrong-room: meta.secret: must be cleanreach/globex/meta, or be left out: the tasks can read no other, and another tenant's token is not this one's
      nobody/stranger: tenant: nobody is not one of tenants: acme, globex
    EOT
    error_message = "problems are\n${join("\n", local.audience_problems)}"
  }
}

run "rules_beyond_the_schema" {
  command = plan

  variables {
    audiences = {
      vip = {
        tenant        = "acme"
        collaboration = "club"
        source        = { columns = { CT = "city", DOB = "a", DOBY = "b" }, keep = [{ column = "Zip" }, { column = "a b" }, { column = "a_b" }] }
        match         = { parameters = { a = "b" } }
        meta          = { ad_account = "act_1", description = "of cleanreach:other/vip" }
      }
    }
  }

  expect_failures = [terraform_data.audiences]

  assert {
    condition     = join(" ", [for p in local.audience_problems : split(": ", p)[1]]) == "match meta.description source.columns.DOBY source.columns source.keep[0] source.keep[2]"
    error_message = "problems are\n${join("\n", local.audience_problems)}"
  }
}

run "no_slug" {
  command = plan

  variables {
    audiences = {
      a_b = {
        tenant = "acme"
        source = { columns = { EMAIL = "mail" } }
        meta   = { ad_account = "act_1" }
      }
    }
  }

  expect_failures = [var.audiences]
}

# It is a warning: the quota may have grown.
run "more_than_a_new_account_may" {
  command = plan

  variables {
    sizes = { upload = { cpu = 512, memory = 1024 } }
    audiences = {
      vip = {
        tenant        = "acme"
        collaboration = "club"
        source        = { columns = { EMAIL = "mail" } }
        match         = { sql = "SELECT 1" }
        meta          = { ad_account = "act_1" }
        limits        = { concurrency = 13 }
      }
    }
  }

  expect_failures = [check.fargate_quota]
}

run "another_region" {
  command = plan

  variables {
    expected_region = "eu-west-1"
  }

  expect_failures = [terraform_data.place]
}

run "another_account" {
  command = plan

  variables {
    expected_account_id = "999988887777"
  }

  expect_failures = [terraform_data.place]
}

run "names" {
  command = plan

  variables {
    name                = "a-name-of-21-characters"
    tags                = { Tenant = "acme" }
    tenants             = { Acme = {} }
    expected_account_id = "1111"
  }

  expect_failures = [var.name, var.tags, var.tenants, var.expected_account_id]
}

run "too_short" {
  command = plan

  variables {
    name = "ab"
  }

  expect_failures = [var.name]
}

run "collaboration_of_nobody" {
  command = plan

  variables {
    collaborations = {
      club = { tenant = "nobody", display_name = "Acme", partner_name = "Club", partner_account_id = "444455556666", tables = { vip = {} } }
    }
  }

  expect_failures = [var.collaborations]
}

run "a_source_among_the_results" {
  command = plan

  variables {
    source_arns = ["arn:aws:s3:::cleanreach-results-111122223333-eu-central-1/runs/*"]
  }

  expect_failures = [var.source_arns]
}
