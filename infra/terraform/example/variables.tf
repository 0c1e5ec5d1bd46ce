# The module's variables, which it describes and checks; null is its default.

variable "name" {
  type    = string
  default = null
}

variable "artifacts" {
  type    = string
  default = null
}

variable "architecture" {
  type    = string
  default = null
}

variable "memory_size" {
  type    = number
  default = null
}

variable "scopes" {
  type    = string
  default = null
}

variable "allowed_return_origins" {
  type    = list(string)
  default = null
}

variable "session_ttl_seconds" {
  type    = number
  default = null
}

variable "gmail_quota_units_per_minute" {
  type    = number
  default = null
}

variable "gmail_batches_at_once" {
  type    = number
  default = null
}

variable "domain_name" {
  type    = string
  default = null
}

variable "certificate_arn" {
  type    = string
  default = null
}

variable "hosted_zone_id" {
  type    = string
  default = null
}

variable "public_base_url" {
  type    = string
  default = null
}

variable "open_rate_limit" {
  type    = number
  default = null
}

variable "open_burst_limit" {
  type    = number
  default = null
}

variable "reserved_concurrency" {
  type    = number
  default = null
}

variable "log_retention_days" {
  type    = number
  default = null
}

variable "log_level" {
  type    = string
  default = null
}

variable "tracing" {
  type    = bool
  default = null
}

variable "event_bus_name" {
  type    = string
  default = null
}

variable "code_signing_config_arn" {
  type    = string
  default = null
}

variable "alarm_topic_arn" {
  type    = string
  default = null
}

variable "deletion_protection" {
  type    = bool
  default = null
}

variable "restored_table_name" {
  type    = string
  default = null
}

variable "restored_table_stream_arn" {
  type    = string
  default = null
}

variable "token_kms_key_arn" {
  type    = string
  default = null
}
