# How it is going, on one page. The functions emit their own metrics with each request's log line.

locals {
  upstreams = ["SecretsManager", "DynamoDb", "Kms", "EventBridge", "GoogleToken", "GoogleKeys", "GoogleUserinfo", "GoogleRevoke", "Gmail"]

  graphs = [
    {
      title = "Requests and 5xx"
      stat  = "Sum"
      metrics = [
        ["AWS/ApiGateway", "Count", "ApiId", aws_apigatewayv2_api.api.id],
        ["AWS/ApiGateway", "5xx", "ApiId", aws_apigatewayv2_api.api.id],
      ]
    },
    {
      title = "Latency of the API"
      stat  = "p99"
      metrics = [
        ["AWS/ApiGateway", "Latency", "ApiId", aws_apigatewayv2_api.api.id, { stat = "p50", label = "p50" }],
        ["AWS/ApiGateway", "Latency", "ApiId", aws_apigatewayv2_api.api.id, { stat = "p99", label = "p99" }],
      ]
    },
    {
      title   = "Duration of the functions"
      stat    = "p99"
      metrics = [for name in keys(local.functions) : ["AWS/Lambda", "Duration", "FunctionName", "${var.name}-${name}", { label = name }]]
    },
    {
      title   = "Cold starts"
      stat    = "Sum"
      metrics = [for name in keys(local.functions) : [local.metrics, "ColdStarts", "Service", var.name, "Function", name, { label = name }]]
    },
    {
      title = "Access tokens"
      stat  = "Sum"
      metrics = [
        [local.metrics, "Refreshes", "Service", var.name],
        [local.metrics, "AccessTokenCacheHits", "Service", var.name],
      ]
    },
    {
      title   = "Reauthorizations by cause"
      stat    = "Sum"
      metrics = [[{ expression = "SEARCH('{${local.metrics},Service,Cause} MetricName=\"Reauthorizations\" Service=\"${var.name}\"', 'Sum', 300)" }]]
    },
    {
      title   = "Gmail quota units"
      stat    = "Sum"
      metrics = [[local.metrics, "GmailQuotaUnits", "Service", var.name]]
    },
    {
      title   = "Latency of upstreams"
      stat    = "p99"
      metrics = [for upstream in local.upstreams : [local.metrics, "${upstream}Latency", "Service", var.name, { label = upstream }]]
    },
    {
      title   = "Throttles"
      stat    = "Sum"
      metrics = [for name in keys(local.functions) : ["AWS/Lambda", "Throttles", "FunctionName", "${var.name}-${name}", { label = name }]]
    },
  ]

  alarm_arns = concat(
    [
      aws_cloudwatch_metric_alarm.api_5xx.arn,
      aws_cloudwatch_metric_alarm.api_p99.arn,
      aws_cloudwatch_metric_alarm.throttles.arn,
      aws_cloudwatch_metric_alarm.misconfigured.arn,
      aws_cloudwatch_metric_alarm.access_denied.arn,
      aws_cloudwatch_metric_alarm.reauthorizations.arn,
    ],
    aws_cloudwatch_metric_alarm.undelivered[*].arn,
    aws_cloudwatch_metric_alarm.stream_age[*].arn,
  )
}

# With the region in its name, for dashboards are global: the same name may be deployed to a second region.
resource "aws_cloudwatch_dashboard" "dashboard" {
  dashboard_name = "${var.name}-${local.region}"

  # Two graphs a row; the alarms are the last.
  dashboard_body = jsonencode({
    widgets = concat(
      [for place, graph in local.graphs : {
        type   = "metric"
        x      = 12 * (place % 2)
        y      = 6 * floor(place / 2)
        width  = 12
        height = 6
        properties = {
          title   = graph.title
          region  = local.region
          view    = "timeSeries"
          stat    = graph.stat
          period  = 300
          metrics = graph.metrics
        }
      }],
      [{
        type       = "alarm"
        x          = 12
        y          = 24
        width      = 12
        height     = 6
        properties = { title = "Alarms", alarms = local.alarm_arns }
      }],
    )
  })
}
