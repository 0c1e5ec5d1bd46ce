# What somebody should look at. Each alarm has a paragraph in the README's runbook.

locals {
  alarm_actions = var.alarm_topic_arn != "" ? [var.alarm_topic_arn] : []

  # The namespace of the functions' own metrics.
  metrics = "GmailConnect"
}

resource "aws_cloudwatch_metric_alarm" "api_5xx" {
  alarm_name          = "${var.name}-api-5xx"
  alarm_description   = "More than 1 % of requests, and at least 5 in five minutes or all there were, got a server error. See the README's runbook: api-5xx."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "rate"
    expression  = "IF(errors >= 5 OR errors == requests, 100 * errors / requests, 0)"
    label       = "Server errors in percent"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "5xx"
      dimensions  = { ApiId = aws_apigatewayv2_api.api.id }
      period      = 300
      stat        = "Sum"
    }
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "Count"
      dimensions  = { ApiId = aws_apigatewayv2_api.api.id }
      period      = 300
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "api_p99" {
  alarm_name          = "${var.name}-api-p99"
  alarm_description   = "For a quarter of an hour, one request in a hundred has taken longer than 10 seconds. See the README's runbook: api-p99."
  namespace           = "AWS/ApiGateway"
  metric_name         = "Latency"
  dimensions          = { ApiId = aws_apigatewayv2_api.api.id }
  extended_statistic  = "p99"
  period              = 300
  comparison_operator = "GreaterThanThreshold"
  threshold           = 10000
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  alarm_name          = "${var.name}-throttles"
  alarm_description   = "Lambda refused to run a function because its instances, or the account's, were used up. See the README's runbook: throttles."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  # A function that was not invoked has no data, which must not hide another's throttles.
  metric_query {
    id          = "throttles"
    expression  = "SUM(FILL(METRICS(), 0))"
    label       = "Throttled invocations"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = aws_lambda_function.function

    content {
      id = replace(metric_query.key, "-", "_")

      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Throttles"
        dimensions  = { FunctionName = metric_query.value.function_name }
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "misconfigured" {
  alarm_name          = "${var.name}-misconfigured"
  alarm_description   = "A request failed because of the configuration: the client secret, the redirect URI, an API that is not enabled. See the README's runbook: misconfigured."
  namespace           = local.metrics
  metric_name         = "Misconfigured"
  dimensions          = { Service = var.name }
  statistic           = "Sum"
  period              = 300
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "access_denied" {
  alarm_name          = "${var.name}-access-denied"
  alarm_description   = "AWS denied a function a secret, the key, the table or the bus. See the README's runbook: access-denied."
  namespace           = local.metrics
  metric_name         = "AccessDenied"
  dimensions          = { Service = var.name }
  statistic           = "Sum"
  period              = 300
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "reauthorizations" {
  alarm_name          = "${var.name}-reauthorizations"
  alarm_description   = "More users than usual have lost their access within an hour and must consent again. See the README's runbook: reauthorizations."
  comparison_operator = "GreaterThanUpperThreshold"
  threshold_metric_id = "usual"
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "usual"
    expression  = "ANOMALY_DETECTION_BAND(m1, 3)"
    label       = "Usual reauthorizations"
    return_data = true
  }

  metric_query {
    id          = "m1"
    return_data = true

    metric {
      namespace   = local.metrics
      metric_name = "Reauthorizations"
      dimensions  = { Service = var.name }
      period      = 3600
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "undelivered" {
  count = local.has_bus ? 1 : 0

  alarm_name          = "${var.name}-undelivered"
  alarm_description   = "Events about connections were given up after 22 hours and were not delivered to the bus. See the README's runbook: undelivered."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered[0].name }
  statistic           = "Maximum"
  period              = 300
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "stream_age" {
  count = local.has_bus ? 1 : 0

  alarm_name          = "${var.name}-stream-age"
  alarm_description   = "Events about connections have waited for more than an hour to be delivered to the bus; after a day they are lost. See the README's runbook: stream-age."
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  dimensions          = { FunctionName = aws_lambda_function.function["connection-events"].function_name }
  statistic           = "Maximum"
  period              = 300
  comparison_operator = "GreaterThanThreshold"
  threshold           = 3600000
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}
