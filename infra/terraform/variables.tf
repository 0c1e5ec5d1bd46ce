# What a deployment may choose. Every variable has a default; null means the default, too.

variable "name" {
  description = "Name of the deployment: its functions, table, key, alarms and log groups begin with it."
  type        = string
  default     = "gmail-connect"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{1,40}$", var.name))
    error_message = "name has 1 to 40 lower-case letters, digits and hyphens."
  }
}

variable "artifacts" {
  description = "Folder that holds <function>/bootstrap.zip, as cargo lambda build --output-format zip leaves them; empty: target/lambda of this repository."
  type        = string
  default     = ""
  nullable    = false
}

variable "architecture" {
  description = "What the functions were built for: arm64 (cargo lambda build --arm64) or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is arm64 or x86_64."
  }
}

variable "memory_size" {
  description = "Memory of each function in MB; its share of a processor grows with it."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size is a whole number from 128 to 10240."
  }
}

variable "scopes" {
  description = "What users are asked for, separated by spaces; all of it is required of them."
  type        = string
  default     = "openid email https://www.googleapis.com/auth/gmail.readonly"
  nullable    = false

  validation {
    condition     = contains(split(" ", var.scopes), "openid")
    error_message = "scopes is separated by single spaces and holds openid, which tells who the user is."
  }
}

variable "allowed_return_origins" {
  description = "Origins of your own web applications that a browser may return to or disconnect from, e.g. https://app.example.com; CORS allows these and no others."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.allowed_return_origins : can(regex("^(https://[a-z0-9.-]+(:[0-9]{1,5})?|http://(localhost|127\\.0\\.0\\.1)(:[0-9]{1,5})?)$", origin))])
    error_message = "Each of allowed_return_origins is like https://app.example.com: https (http for localhost), lower case, no path, no slash at the end."
  }
}

variable "session_ttl_seconds" {
  description = "How long a browser's session lasts, in seconds."
  type        = number
  default     = 28800
  nullable    = false

  validation {
    condition     = var.session_ttl_seconds >= 1 && var.session_ttl_seconds <= 34560000 && floor(var.session_ttl_seconds) == var.session_ttl_seconds
    error_message = "session_ttl_seconds is a whole number from 1 to 34560000 (400 days, the longest that browsers keep a cookie)."
  }
}

variable "gmail_quota_units_per_minute" {
  description = "Gmail's quota units for each user and minute; Google Cloud projects from before May 2026 have 15000."
  type        = number
  default     = 6000
  nullable    = false

  validation {
    condition     = var.gmail_quota_units_per_minute >= 100 && var.gmail_quota_units_per_minute <= 1000000 && floor(var.gmail_quota_units_per_minute) == var.gmail_quota_units_per_minute
    error_message = "gmail_quota_units_per_minute is a whole number from 100 to 1000000."
  }
}

variable "gmail_batches_at_once" {
  description = "Batches of 25 messages that one listing has under way at once; fewer if Gmail finds it too many."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.gmail_batches_at_once >= 1 && var.gmail_batches_at_once <= 20 && floor(var.gmail_batches_at_once) == var.gmail_batches_at_once
    error_message = "gmail_batches_at_once is a whole number from 1 to 20."
  }
}

variable "domain_name" {
  description = "Custom domain of the API, e.g. mail.example.com; empty: the host name that API Gateway gives. Needs certificate_arn."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.domain_name == "" || can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain_name))
    error_message = "domain_name is a host name in lower case such as mail.example.com."
  }

  validation {
    condition     = (var.domain_name == "") == (var.certificate_arn == "")
    error_message = "domain_name and certificate_arn go together: a certificate of AWS Certificate Manager for that name, in this region."
  }
}

variable "certificate_arn" {
  description = "ARN of the certificate for domain_name in AWS Certificate Manager, in the same region."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.certificate_arn == "" || can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-z0-9-]+$", var.certificate_arn))
    error_message = "certificate_arn is the ARN of a certificate of AWS Certificate Manager."
  }
}

variable "hosted_zone_id" {
  description = "Id of the Route 53 zone that gets the records of domain_name; empty: make a CNAME record where you keep your DNS."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.hosted_zone_id == "" || var.domain_name != ""
    error_message = "hosted_zone_id is of use only with domain_name."
  }

  validation {
    condition     = can(regex("^[A-Z0-9]{0,32}$", var.hosted_zone_id))
    error_message = "hosted_zone_id is like Z0123456789ABCDEFGHIJ."
  }
}

variable "public_base_url" {
  description = "How browsers reach the API if something else stands before it, such as a CDN, e.g. https://mail.example.com; wins over domain_name."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.public_base_url == "" || can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", var.public_base_url))
    error_message = "public_base_url is like https://mail.example.com: https, lower case, no path, no slash at the end."
  }
}

variable "open_rate_limit" {
  description = "Requests a second that each route without an authorizer takes."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.open_rate_limit >= 1
    error_message = "open_rate_limit is 1 or more."
  }
}

variable "open_burst_limit" {
  description = "Requests that each route without an authorizer takes at once."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.open_burst_limit >= 1 && floor(var.open_burst_limit) == var.open_burst_limit
    error_message = "open_burst_limit is a whole number, 1 or more."
  }
}

variable "reserved_concurrency" {
  description = "Instances reserved for each function that answers HTTP, which are also the most that it gets: 0 stops it; -1: none reserved."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = var.reserved_concurrency >= -1 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "reserved_concurrency is a whole number, or -1 for none reserved."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days
    )
    error_message = "log_retention_days is one that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731 or more."
  }
}

variable "log_level" {
  description = "What the functions log: error, warn, info, debug or trace. Their metrics are in lines of the level info."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(["error", "warn", "info", "debug", "trace"], var.log_level)
    error_message = "log_level is error, warn, info, debug or trace."
  }
}

variable "tracing" {
  description = "Whether X-Ray traces the functions."
  type        = bool
  default     = false
  nullable    = false
}

variable "event_bus_name" {
  description = "Name of an existing EventBridge bus of this account and region that hears what happens to connections; empty: nobody is told."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[/._A-Za-z0-9-]{0,256}$", var.event_bus_name))
    error_message = "event_bus_name is the name of a bus, not its ARN."
  }
}

variable "code_signing_config_arn" {
  description = "ARN of the code signing configuration that says whose code the functions run; empty: anyone's who may deploy. The zips in artifacts have to be signed then."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.code_signing_config_arn == "" || can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:csc-[a-z0-9]{17}$", var.code_signing_config_arn))
    error_message = "code_signing_config_arn is the ARN of a code signing configuration of Lambda."
  }
}

variable "alarm_topic_arn" {
  description = "ARN of the SNS topic that alarms go to; empty: they show on the dashboard and in the console only."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.alarm_topic_arn == "" || can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.alarm_topic_arn))
    error_message = "alarm_topic_arn is the ARN of an SNS topic."
  }
}

variable "deletion_protection" {
  description = "Whether the table refuses to be deleted; apply with false before a destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "restored_table_name" {
  description = "After a restore: name of the table, of this account and region, that the functions use instead of their own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_.-]{3,255})?$", var.restored_table_name))
    error_message = "restored_table_name is the name of a table, not its ARN."
  }
}

variable "restored_table_stream_arn" {
  description = "ARN of the stream (NEW_AND_OLD_IMAGES) of restored_table_name; needed with event_bus_name."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.restored_table_stream_arn == "" || var.restored_table_name != ""
    error_message = "restored_table_stream_arn is of use only with restored_table_name."
  }

  validation {
    condition     = var.restored_table_stream_arn != "" || var.restored_table_name == "" || var.event_bus_name == ""
    error_message = "With event_bus_name, a restored table needs a stream of its own: switch it on (NEW_AND_OLD_IMAGES) and give its ARN as restored_table_stream_arn."
  }
}

variable "token_kms_key_arn" {
  description = "ARN of an existing KMS key that wraps the tokens' keys and encrypts the table, such as a replica of another region's; empty: one is made. Not to be set on a deployment that has its own: what that sealed would not open, and it would be deleted."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.token_kms_key_arn == "" || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]+:key/", var.token_kms_key_arn))
    error_message = "token_kms_key_arn is the ARN of a key (…:key/…), not of an alias."
  }
}
