# The functions, each with its own log group and with exactly the environment that it reads.

locals {
  artifacts = var.artifacts != "" ? var.artifacts : "${path.module}/../../target/lambda"

  # How browsers reach the API; empty: by the host name of the request. Nothing here depends on the API.
  public_base_url = var.public_base_url != "" ? var.public_base_url : var.domain_name != "" ? "https://${var.domain_name}" : ""

  variables_of_all = {
    RUST_LOG = var.log_level
  }

  variables_with_google = { for name, value in {
    CLIENT_SECRET_ID = aws_secretsmanager_secret.client_secret.arn
    SCOPES           = var.scopes
    PUBLIC_BASE_URL  = local.public_base_url
  } : name => value if name != "PUBLIC_BASE_URL" || local.public_base_url != "" }

  variables_with_cookies = { for name, value in {
    COOKIE_KEY_SECRET_ID   = aws_secretsmanager_secret.cookie_key.arn
    SESSION_TTL_SECONDS    = tostring(var.session_ttl_seconds)
    ALLOWED_RETURN_ORIGINS = join(",", var.allowed_return_origins)
  } : name => value if name != "ALLOWED_RETURN_ORIGINS" || length(var.allowed_return_origins) > 0 }

  variables_with_connections = {
    CONNECTIONS_TABLE = local.table_name
    TOKEN_KMS_KEY_ID  = local.key_arn
  }

  variables_with_limits = {
    GMAIL_QUOTA_UNITS_PER_MINUTE = tostring(var.gmail_quota_units_per_minute)
    GMAIL_BATCHES_AT_ONCE        = tostring(var.gmail_batches_at_once)
  }

  variables_with_bus = {
    EVENT_BUS_NAME = var.event_bus_name
  }

  every_function = {
    "authorize-url"     = { timeout = 30, variables = merge(local.variables_with_google, local.variables_with_cookies) }
    "callback"          = { timeout = 30, variables = merge(local.variables_with_google, local.variables_with_cookies, local.variables_with_connections) }
    "list-messages"     = { timeout = 30, variables = merge(local.variables_with_google, local.variables_with_cookies, local.variables_with_connections, local.variables_with_limits) }
    "connection"        = { timeout = 30, variables = merge(local.variables_with_google, local.variables_with_cookies, local.variables_with_connections) }
    "security-events"   = { timeout = 30, variables = merge(local.variables_with_google, local.variables_with_connections) }
    "connection-events" = { timeout = 60, variables = local.variables_with_bus }
  }

  # Without a bus there is nothing for connection-events to do.
  functions = { for name, function in local.every_function : name => function if name != "connection-events" || local.has_bus }

  functions_with_http = toset([for name in keys(local.functions) : name if name != "connection-events"])
}

resource "aws_lambda_function" "function" {
  # checkov:skip=CKV_AWS_116: a dead-letter queue is for asynchronous invocations; there are none
  # checkov:skip=CKV_AWS_117: what it calls is on the internet (Google, AWS); a VPC would add a NAT gateway and no protection
  # checkov:skip=CKV_AWS_173: environment variables hold names and ARNs, never a secret
  # checkov:skip=CKV_AWS_272: code_signing_config_arn is the operator's to choose, for it takes a signing profile of their account
  for_each = local.functions

  function_name                  = "${var.name}-${each.key}"
  role                           = aws_iam_role.function[each.key].arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = each.value.timeout
  filename                       = "${local.artifacts}/${each.key}/bootstrap.zip"
  source_code_hash               = try(filebase64sha256("${local.artifacts}/${each.key}/bootstrap.zip"), "missing")
  code_signing_config_arn        = var.code_signing_config_arn != "" ? var.code_signing_config_arn : null
  reserved_concurrent_executions = contains(local.functions_with_http, each.key) ? var.reserved_concurrency : -1

  environment {
    variables = merge(local.variables_of_all, each.value.variables)
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  lifecycle {
    precondition {
      condition     = fileexists("${local.artifacts}/${each.key}/bootstrap.zip")
      error_message = "There is no ${each.key}/bootstrap.zip in ${local.artifacts}. At the root of the repository, run: cargo lambda build --release ${var.architecture == "arm64" ? "--arm64 " : ""}--output-format zip"
    }
  }

  # The log group first, or Lambda makes one that keeps everything for ever; the permissions first, or the first
  # request is answered without them.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}

resource "aws_cloudwatch_log_group" "function" {
  # checkov:skip=CKV_AWS_158: CloudWatch Logs encrypts with AWS's own key; there is no token, secret or address in a line
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
}
