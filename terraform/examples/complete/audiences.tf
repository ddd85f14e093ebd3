locals {
  acme = {
    # Every weekday's morning, by a template of the collaboration.
    loyal = {
      tenant        = "acme"
      collaboration = "loyalty-club"
      template      = "members_since"
      schedule      = { expression = "cron(0 5 ? * MON-FRI *)", timezone = "Europe/Berlin", window_minutes = 15 }
      source = {
        format          = "csv"
        columns         = { EXTERN_ID = "customer_id", EMAIL = "Email Address", PHONE = "Mobile", COUNTRY = "Country" }
        keep            = [{ column = "Lifetime Value", type = "double" }]
        default_country = "DE"
        consent         = "marketing_opt_in"
      }
      match = {
        parameters = { since = "2026-01-01" }
        worker     = { type = "CR.1X", number = 4 }
      }
      meta = { ad_account = "act_1234567890", audience_name = "Loyal customers", description = "Members of the loyalty club" }
    }

    # People who are to be taken out of an audience again. A run starts when a file _SUCCESS is put beside the others.
    lapsed = {
      tenant        = "acme"
      collaboration = "loyalty-club"
      template      = "lapsed_members"
      source        = { columns = { EXTERN_ID = "customer_id", EMAIL = "Email Address" } }
      meta          = { ad_account = "act_1234567890", audience_name = "Loyal customers who lapsed", mode = "remove" }
      limits        = { min_rows = 10, max_invalid_ratio = 0.05 }
    }
  }

  # A tenant whose membership was made elsewhere.
  globex = {
    subscribers = {
      tenant = "globex"
      source = { columns = { EMAIL = "email", FN = "first name", LN = "last name", ZIP = "zip", COUNTRY = "country" } }
      match = {
        membership_id = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01"
        sql           = "SELECT DISTINCT c.email, c.fn, c.ln, c.zip, c.country FROM subscribers c INNER JOIN readers p ON c.email_sha256 = p.email_sha256"
      }
      meta = { ad_account = "act_987654321", audience_name = "Subscribers", retention_days = 90 }
    }
  }
}
