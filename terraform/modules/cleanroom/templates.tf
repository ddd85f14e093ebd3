locals {
  template_bodies = { for name, t in var.templates : name => jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Clean Rooms analysis template ${name}"
    Parameters               = { MembershipIdentifier = { Type = "String" } }
    Resources = {
      Template = {
        Type = "AWS::CleanRooms::AnalysisTemplate"
        Properties = {
          Name                 = name
          Description          = t.description
          MembershipIdentifier = { Ref = "MembershipIdentifier" }
          Format               = "SQL"
          Source               = { Text = t.sql }
          AnalysisParameters = [for p in t.parameters : merge(
            { Name = p.name, Type = p.type },
            p.default_value == null ? {} : { DefaultValue = p.default_value },
          )]
        }
      }
    }
    Outputs = { Arn = { Value = { "Fn::GetAtt" = ["Template", "Arn"] } } }
  }) }
}

# A stack each, so that a template that Clean Rooms does not take holds up no other.
resource "aws_cloudformation_stack" "template" {
  for_each = var.templates

  name          = local.stack_names["template ${each.key}"]
  template_body = local.template_bodies[each.key]
  parameters    = { MembershipIdentifier = local.membership_id }
  tags          = local.tags

  lifecycle {
    precondition {
      condition     = length(base64encode(local.template_bodies[each.key])) / 4 * 3 <= 51200 # length() counts characters
      error_message = "templates: ${each.key} is longer than one CloudFormation template takes (51,200 bytes)."
    }
  }
}

locals {
  template_arns = { for name, stack in aws_cloudformation_stack.template : name => stack.outputs["Arn"] }
}
