# Deploys Gmail Connect as it is. Region and account are those of the environment (AWS_REGION, AWS_PROFILE); what differs
# from the defaults goes on the command line or into a file terraform.tfvars. Keep the state where your team keeps state:
# with a backend block in a file beside this one.
terraform {
  required_version = ">= 1.11"

  required_providers {
    # The module allows version 6, too; this is the one that every change is tried with.
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  default_tags {
    tags = { Application = "gmail-connect" }
  }
}

module "gmail_connect" {
  source = "../"

  name                         = var.name
  artifacts                    = var.artifacts
  architecture                 = var.architecture
  memory_size                  = var.memory_size
  scopes                       = var.scopes
  allowed_return_origins       = var.allowed_return_origins
  session_ttl_seconds          = var.session_ttl_seconds
  gmail_quota_units_per_minute = var.gmail_quota_units_per_minute
  gmail_batches_at_once        = var.gmail_batches_at_once
  domain_name                  = var.domain_name
  certificate_arn              = var.certificate_arn
  hosted_zone_id               = var.hosted_zone_id
  public_base_url              = var.public_base_url
  open_rate_limit              = var.open_rate_limit
  open_burst_limit             = var.open_burst_limit
  reserved_concurrency         = var.reserved_concurrency
  log_retention_days           = var.log_retention_days
  log_level                    = var.log_level
  tracing                      = var.tracing
  event_bus_name               = var.event_bus_name
  code_signing_config_arn      = var.code_signing_config_arn
  alarm_topic_arn              = var.alarm_topic_arn
  deletion_protection          = var.deletion_protection
  restored_table_name          = var.restored_table_name
  restored_table_stream_arn    = var.restored_table_stream_arn
  token_kms_key_arn            = var.token_kms_key_arn
}
