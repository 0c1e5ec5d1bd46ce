# What is stored: connections in a table, two secrets, and the key that everything of users is encrypted with.

locals {
  table_name   = var.restored_table_name != "" ? var.restored_table_name : aws_dynamodb_table.connections.name
  table_arn    = var.restored_table_name != "" ? "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${var.restored_table_name}" : aws_dynamodb_table.connections.arn
  table_stream = var.restored_table_name != "" ? var.restored_table_stream_arn : aws_dynamodb_table.connections.stream_arn
  key_arn      = var.token_kms_key_arn != "" ? var.token_kms_key_arn : aws_kms_key.tokens[0].arn
}

resource "aws_dynamodb_table" "connections" {
  name                        = "${var.name}-connections"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "status"
    type = "S"
  }

  attribute {
    name = "user_id"
    type = "S"
  }

  global_secondary_index {
    name               = "users-by-status"
    hash_key           = "status"
    range_key          = "user_id"
    projection_type    = "INCLUDE"
    non_key_attributes = ["email", "connected_at"]
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.key_arn
  }
}

# Multi-Region, so that the tokens can move to another region with it: a replica opens what this key has wrapped.
resource "aws_kms_key" "tokens" {
  count = var.token_kms_key_arn == "" ? 1 : 0

  description             = "${var.name}: wraps the keys that tokens are sealed with, and encrypts the table"
  multi_region            = true
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)
}

resource "aws_kms_alias" "tokens" {
  count = var.token_kms_key_arn == "" ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.tokens[0].key_id
}

locals {
  # The account decides by IAM who may do what. In a key's policy, the resource "*" is this key.
  key_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Administer"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Resource  = "*"
        Action = [
          "kms:CancelKeyDeletion",
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:DescribeKey",
          "kms:DisableKey",
          "kms:DisableKeyRotation",
          "kms:EnableKey",
          "kms:EnableKeyRotation",
          "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus",
          "kms:ListGrants",
          "kms:ListKeyPolicies",
          "kms:ListKeyRotations",
          "kms:ListResourceTags",
          "kms:PutKeyPolicy",
          "kms:ReplicateKey",
          "kms:RetireGrant",
          "kms:RevokeGrant",
          "kms:RotateKeyOnDemand",
          "kms:ScheduleKeyDeletion",
          "kms:SynchronizeMultiRegionKey",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
          "kms:UpdatePrimaryRegion",
        ]
      },
      {
        Sid       = "Use"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Resource  = "*"
        Action = [
          "kms:CreateGrant",
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ]
      },
    ]
  }
}

# Made empty: the operator puts Google's client_secret.json there (see the output put_client_secret).
resource "aws_secretsmanager_secret" "client_secret" {
  # checkov:skip=CKV_AWS_149: AWS's own key for Secrets Manager, so that authorize-url needs no access to KMS
  # checkov:skip=CKV2_AWS_57: Google has no API that could rotate it; the README says how it is done by hand
  name_prefix = "${var.name}/client-secret-"
  description = "client_secret.json of the OAuth client, as Google's console gives it"
}

resource "aws_secretsmanager_secret" "cookie_key" {
  # checkov:skip=CKV_AWS_149: AWS's own key for Secrets Manager, so that authorize-url needs no access to KMS
  # checkov:skip=CKV2_AWS_57: rotated with one command, when somebody decides to; the previous value still opens cookies
  name_prefix = "${var.name}/cookie-key-"
  description = "Random text that the keys of cookies are derived from"
}

ephemeral "aws_secretsmanager_random_password" "cookie_key" {
  password_length     = 64
  exclude_punctuation = true
}

# The first cookie key. It passes through Terraform's memory only: neither a plan nor the state nor an output has it.
# Rotate it with aws secretsmanager put-secret-value; Terraform leaves the new value alone. The label of its own keeps
# the first version from being dropped once it is no longer the current or the previous one: Terraform would find it
# missing and write a key again.
resource "aws_secretsmanager_secret_version" "cookie_key" {
  secret_id                = aws_secretsmanager_secret.cookie_key.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.cookie_key.random_password
  secret_string_wo_version = 1
  version_stages           = ["AWSCURRENT", "MADE_BY_TERRAFORM"]

  lifecycle {
    ignore_changes = [version_stages]
  }
}
