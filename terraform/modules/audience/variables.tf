variable "documents" {
  description = "Audience definitions as JSON, by any key: what the container would read."
  type        = map(string)
}
