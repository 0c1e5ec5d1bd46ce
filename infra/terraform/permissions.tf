# Who may do what: one role for each function, action by action and resource by resource.

locals {
  # Where the action knows no resources: at least nowhere else.
  in_this_region = { StringEquals = { "aws:RequestedRegion" = local.region } }

  # Only with the encryption context that ties a data key to its user.
  for_one_user = {
    StringEquals = { "kms:EncryptionContext:purpose" = "gmail-connect" }
    Null         = { "kms:EncryptionContext:user_id" = "false" }
  }

  # Only what DynamoDB does for the caller, and only for this table.
  through_the_table = {
    StringEquals = {
      "kms:ViaService"                               = "dynamodb.${local.region}.amazonaws.com"
      "kms:EncryptionContext:aws:dynamodb:tableName" = local.table_name
    }
  }

  secrets = [aws_secretsmanager_secret.client_secret.arn, aws_secretsmanager_secret.cookie_key.arn]

  # BatchGetSecretValue and X-Ray know no resources, hence "*"; what the former returns, GetSecretValue decides. A log
  # group's streams are named by Lambda.
  permissions = {
    "authorize-url" = [
      { sid = "ReadSecrets", actions = ["secretsmanager:GetSecretValue"], resources = local.secrets, conditions = {} },
      { sid = "ReadSecretsInOneCall", actions = ["secretsmanager:BatchGetSecretValue"], resources = ["*"], conditions = local.in_this_region },
    ]
    "callback" = [
      { sid = "ReadSecrets", actions = ["secretsmanager:GetSecretValue"], resources = local.secrets, conditions = {} },
      { sid = "ReadSecretsInOneCall", actions = ["secretsmanager:BatchGetSecretValue"], resources = ["*"], conditions = local.in_this_region },
      { sid = "UseConnections", actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"], resources = [local.table_arn], conditions = {} },
      { sid = "WrapDataKeys", actions = ["kms:GenerateDataKey"], resources = [local.key_arn], conditions = local.for_one_user },
      { sid = "UnwrapDataKeys", actions = ["kms:Decrypt"], resources = [local.key_arn], conditions = local.for_one_user },
      { sid = "ReadEncryptedTable", actions = ["kms:Decrypt"], resources = [local.key_arn], conditions = local.through_the_table },
    ]
    "list-messages" = [
      { sid = "ReadSecrets", actions = ["secretsmanager:GetSecretValue"], resources = local.secrets, conditions = {} },
      { sid = "ReadSecretsInOneCall", actions = ["secretsmanager:BatchGetSecretValue"], resources = ["*"], conditions = local.in_this_region },
      { sid = "UseConnections", actions = ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources = [local.table_arn], conditions = {} },
      { sid = "UnwrapDataKeys", actions = ["kms:Decrypt"], resources = [local.key_arn], conditions = local.for_one_user },
      { sid = "ReadEncryptedTable", actions = ["kms:Decrypt"], resources = [local.key_arn], conditions = local.through_the_table },
    ]
    "connection" = [
      { sid = "ReadSecrets", actions = ["secretsmanager:GetSecretValue"], resources = local.secrets, conditions = {} },
      { sid = "ReadSecretsInOneCall", actions = ["secretsmanager:BatchGetSecretValue"], resources = ["*"], conditions = local.in_this_region },
      { sid = "UseConnections", actions = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"], resources = [local.table_arn], conditions = {} },
      { sid = "ListUsers", actions = ["dynamodb:Query"], resources = ["${local.table_arn}/index/users-by-status"], conditions = {} },
      { sid = "UnwrapDataKeys", actions = ["kms:Decrypt"], resources = [local.key_arn], conditions = local.for_one_user },
      { sid = "ReadEncryptedTable", actions = ["kms:Decrypt"], resources = [local.key_arn], conditions = local.through_the_table },
    ]
    "security-events" = [
      { sid = "ReadSecrets", actions = ["secretsmanager:GetSecretValue"], resources = [aws_secretsmanager_secret.client_secret.arn], conditions = {} },
      { sid = "UseConnections", actions = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:PutItem"], resources = [local.table_arn], conditions = {} },
      { sid = "UnwrapDataKeys", actions = ["kms:Decrypt"], resources = [local.key_arn], conditions = local.for_one_user },
      { sid = "ReadEncryptedTable", actions = ["kms:Decrypt"], resources = [local.key_arn], conditions = local.through_the_table },
    ]
    "connection-events" = [
      { sid = "PutEvents", actions = ["events:PutEvents"], resources = data.aws_cloudwatch_event_bus.told[*].arn, conditions = {} },
      { sid = "ReadStream", actions = ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"], resources = [local.table_stream], conditions = {} },
      { sid = "ListStreams", actions = ["dynamodb:ListStreams"], resources = ["${local.table_arn}/stream/*"], conditions = {} },
      { sid = "KeepUndelivered", actions = ["sqs:SendMessage"], resources = aws_sqs_queue.undelivered[*].arn, conditions = {} },
      { sid = "ReadEncryptedTable", actions = ["kms:Decrypt"], resources = [local.key_arn], conditions = local.through_the_table },
    ]
  }

  # What every function may do besides.
  permissions_of_all = { for name in keys(local.functions) : name => concat(
    [{ sid = "WriteLogs", actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = ["${aws_cloudwatch_log_group.function[name].arn}:*"], conditions = {} }],
    var.tracing ? [{ sid = "WriteTraces", actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources = ["*"], conditions = {} }] : [],
  ) }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  # With a generated end, for roles are global: the same name may be deployed to a second region.
  name_prefix = "${substr("${var.name}-${each.key}", 0, 37)}-"
  description = "What ${var.name}-${each.key} may do"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = "permissions"
  role = aws_iam_role.function[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in concat(local.permissions_of_all[each.key], local.permissions[each.key]) : {
      for name, value in {
        Sid       = statement.sid
        Effect    = "Allow"
        Action    = statement.actions
        Resource  = statement.resources
        Condition = statement.conditions
      } : name => value if name != "Condition" || length(statement.conditions) > 0
    }]
  })
}
