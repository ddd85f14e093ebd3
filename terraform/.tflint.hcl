# The ruleset that comes with tflint, whole. The one for AWS would have to be downloaded; what it says about names and
# types, the provider says at plan, and what about security, the scanner.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
