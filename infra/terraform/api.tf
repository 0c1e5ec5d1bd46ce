# The HTTP API: routes, who may call them, how often, and what is logged of it.

locals {
  routes = {
    "GET /authorize-url"                 = { function = "authorize-url", authorizer = "NONE" }
    "GET /authorize"                     = { function = "authorize-url", authorizer = "NONE" }
    "GET /callback"                      = { function = "callback", authorizer = "NONE" }
    "GET /messages"                      = { function = "list-messages", authorizer = "NONE" }
    "GET /users/{user_id}/messages"      = { function = "list-messages", authorizer = "AWS_IAM" }
    "GET /connection"                    = { function = "connection", authorizer = "NONE" }
    "DELETE /connection"                 = { function = "connection", authorizer = "NONE" }
    "GET /users/{user_id}/connection"    = { function = "connection", authorizer = "AWS_IAM" }
    "DELETE /users/{user_id}/connection" = { function = "connection", authorizer = "AWS_IAM" }
    "GET /users"                         = { function = "connection", authorizer = "AWS_IAM" }
    "POST /security-events"              = { function = "security-events", authorizer = "NONE" }
  }

  # Never the path, the query string or a header: a callback's URL holds a code, and a path holds a user's id.
  access_log = {
    request_id          = "$context.requestId"
    time                = "$context.requestTime"
    route               = "$context.routeKey"
    protocol            = "$context.protocol"
    status              = "$context.status"
    error               = "$context.error.responseType"
    integration_error   = "$context.integration.error"
    integration_status  = "$context.integration.status"
    latency             = "$context.responseLatency"
    integration_latency = "$context.integration.latency"
  }
}

resource "aws_apigatewayv2_api" "api" {
  name                         = var.name
  description                  = "Lasting access to users' Gmail"
  protocol_type                = "HTTP"
  disable_execute_api_endpoint = var.domain_name != ""

  dynamic "cors_configuration" {
    for_each = length(var.allowed_return_origins) > 0 ? [1] : []

    content {
      allow_origins     = var.allowed_return_origins
      allow_methods     = ["GET", "DELETE"]
      allow_headers     = ["content-type"]
      allow_credentials = true
      expose_headers    = ["retry-after", "x-gmail-quota-units"]
      max_age           = 600
    }
  }
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = local.functions_with_http

  api_id                 = aws_apigatewayv2_api.api.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = aws_lambda_function.function[each.key].invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "route" {
  # checkov:skip=CKV_AWS_309: browsers and Google call the open ones; the functions check session, state and signature
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.api.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function[each.value.function].id}"
  authorization_type = each.value.authorizer
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.api.id
  name        = "$default"
  auto_deploy = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format          = jsonencode(local.access_log)
  }

  dynamic "route_settings" {
    for_each = { for key, route in local.routes : key => route if route.authorizer == "NONE" }

    content {
      route_key                = route_settings.key
      throttling_rate_limit    = var.open_rate_limit
      throttling_burst_limit   = var.open_burst_limit
      detailed_metrics_enabled = false
    }
  }

  # Settings of a route are refused until there is that route.
  depends_on = [aws_apigatewayv2_route.route]
}

resource "aws_cloudwatch_log_group" "api" {
  # checkov:skip=CKV_AWS_158: CloudWatch Logs encrypts with AWS's own key; a line holds no path, query string or header
  # Under /aws/vendedlogs, whose log groups share one statement of a policy of limited length.
  name              = "/aws/vendedlogs/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
}

# This API alone: its ARN names the account, too. A source_account would have to be sent by API Gateway, which is not
# documented to do so.
resource "aws_lambda_permission" "api" {
  for_each = local.functions_with_http

  statement_id  = "InvokeByApi"
  function_name = aws_lambda_function.function[each.key].function_name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.api.execution_arn}/*"
}
