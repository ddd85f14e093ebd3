# Two tenants, three audiences, one partner: a whole deployment. Copy it and change what is yours.

provider "aws" {
  region = var.region

  default_tags {
    tags = { Application = "cleanreach", Deployment = var.name }
  }
}

module "cleanreach" {
  source = "../.."

  name         = var.name
  image_digest = var.image_digest
  environment  = var.environment
  alarms       = { emails = var.emails }

  # For trying out: everything goes when it is destroyed. A key cannot go at once.
  force_destroy                  = var.force_destroy
  secret_recovery_window_in_days = var.force_destroy ? 0 : 30
  key_deletion_window_in_days    = var.force_destroy ? 7 : 30

  tenants = {
    acme   = { monthly_budget_usd = 200, emails = var.emails, no_success_hours = 25 }
    globex = { monthly_budget_usd = 50 }
  }

  collaborations = {
    # By a rule of type CUSTOM our tables answer these templates and nothing else. The partner's rule names them too.
    # What may be asked of the partner's table is the partner's rule.
    loyalty-club = {
      tenant             = "acme"
      description        = "Customers of Acme who are members of the loyalty club"
      display_name       = "Acme"
      partner_name       = "Loyalty club"
      partner_account_id = var.partner_account_id
      collaboration_id   = var.collaboration_id
      analysis_rule      = { type = "CUSTOM" }
      templates = {
        members_since = {
          description = "Customers who have been members since a day"
          sql         = file("${path.module}/members_since.sql")
          parameters  = [{ name = "since", type = "DATE" }]
        }
        lapsed_members = {
          description = "Customers who lapsed and are members"
          sql         = file("${path.module}/lapsed_members.sql")
        }
      }
      tables = { lapsed = { association_name = "lapsed" }, loyal = { association_name = "loyal" } }
    }
  }

  audiences = merge(local.acme, local.globex)
}
