variable "values" {
  description = "Values in documents: of which document and field, as JSON because their types differ, and under which of the rules they fall."
  type = list(object({
    document = string
    field    = string
    rule     = string
    value    = string
  }))
}

variable "rules" {
  description = "Parts of the JSON Schema by their place in it, as JSON: those that the values fall under."
  type        = map(string)
}

variable "definitions" {
  description = "What the schema's references mean: its $defs, as JSON."
  type        = string
}
