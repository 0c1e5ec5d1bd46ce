# Tells a bus what happened to connections, if one is given: the table's stream invokes connection-events.

locals {
  has_bus = var.event_bus_name != ""
}

# EventBridge accepts events for a bus that does not exist, and drops them; looked up, it has to exist.
data "aws_cloudwatch_event_bus" "told" {
  count = local.has_bus ? 1 : 0

  name = var.event_bus_name
}

resource "aws_lambda_event_source_mapping" "connection_events" {
  count = local.has_bus ? 1 : 0

  function_name     = aws_lambda_function.function["connection-events"].arn
  event_source_arn  = local.table_stream
  starting_position = "TRIM_HORIZON"
  batch_size        = 100
  # Two hours before the stream forgets a record: so the queue says which one, while it can still be read.
  maximum_record_age_in_seconds  = 79200
  bisect_batch_on_function_error = true
  function_response_types        = ["ReportBatchItemFailures"]

  filter_criteria {
    filter {
      pattern = jsonencode({ dynamodb = { Keys = { pk = { S = [{ prefix = "connection#" }] } } } })
    }
  }

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.undelivered[0].arn
    }
  }
}

# Says which records were given up, and why: their place in the stream, not their content.
resource "aws_sqs_queue" "undelivered" {
  count = local.has_bus ? 1 : 0

  name                      = "${var.name}-connection-events-undelivered"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}
