# What a choice changes, and what it leaves alone. Nothing is made: these are plans.

variables {
  artifacts = "../../target/lambda"
}

run "by_default_there_is_no_domain_and_nobody_is_told" {
  command = plan

  assert {
    condition     = length(aws_apigatewayv2_domain_name.domain) == 0 && !aws_apigatewayv2_api.api.disable_execute_api_endpoint
    error_message = "The API's own host name must answer."
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.function), "connection-events") && length(aws_sqs_queue.undelivered) == 0
    error_message = "Without a bus there must be no connection-events."
  }

  assert {
    condition     = alltrue([for function in local.functions : !contains(keys(function.variables), "PUBLIC_BASE_URL")])
    error_message = "Functions must go by the host name of the request."
  }

  assert {
    condition     = aws_dynamodb_table.connections.deletion_protection_enabled
    error_message = "The table must be protected."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.function : function.code_signing_config_arn == null])
    error_message = "Code must not have to be signed."
  }
}

run "a_domain_closes_the_host_name_that_api_gateway_gives" {
  command = plan

  variables {
    domain_name     = "mail.example.com"
    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/a"
    hosted_zone_id  = "Z0123456789"
  }

  assert {
    condition     = aws_apigatewayv2_api.api.disable_execute_api_endpoint
    error_message = "There must be one way in."
  }

  assert {
    condition     = toset(keys(aws_route53_record.domain)) == toset(["A", "AAAA"]) && aws_route53_record.domain["A"].name == "mail.example.com"
    error_message = "The zone must get both records."
  }

  assert {
    condition     = aws_apigatewayv2_domain_name.domain[0].domain_name_configuration[0].security_policy == "TLS_1_2"
    error_message = "Nothing older than TLS 1.2 may be spoken."
  }

  assert {
    condition     = length(aws_apigatewayv2_api_mapping.domain) == 1
    error_message = "The domain must lead to the API."
  }

  assert {
    condition     = local.functions["callback"].variables["PUBLIC_BASE_URL"] == "https://mail.example.com"
    error_message = "Functions must know the domain."
  }

  assert {
    condition     = output.redirect_uri == "https://mail.example.com/callback"
    error_message = "The redirect URI must be on the domain."
  }
}

run "a_domain_without_a_zone_gets_no_records" {
  command = plan

  variables {
    domain_name     = "mail.example.com"
    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/a"
  }

  assert {
    condition     = length(aws_route53_record.domain) == 0 && length(aws_apigatewayv2_domain_name.domain) == 1
    error_message = "DNS elsewhere must stay elsewhere."
  }
}

run "what_stands_before_the_api_wins_over_its_domain" {
  command = plan

  variables {
    domain_name     = "api.example.com"
    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/a"
    public_base_url = "https://mail.example.com"
  }

  assert {
    condition     = output.redirect_uri == "https://mail.example.com/callback" && local.functions["connection"].variables["PUBLIC_BASE_URL"] == "https://mail.example.com"
    error_message = "Browsers must be sent to the CDN."
  }
}

run "a_restored_table_is_used_instead_of_the_own_one" {
  command = plan

  variables {
    restored_table_name       = "restored"
    restored_table_stream_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/restored/stream/now"
    event_bus_name            = "default"
  }

  assert {
    condition     = local.functions["callback"].variables["CONNECTIONS_TABLE"] == "restored"
    error_message = "Functions must use it."
  }

  assert {
    condition     = local.table_arn == "arn:aws:dynamodb:eu-central-1:123456789012:table/restored"
    error_message = "Permissions must be for it."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.connection_events[0].event_source_arn == "arn:aws:dynamodb:eu-central-1:123456789012:table/restored/stream/now"
    error_message = "Events must come from it."
  }

  assert {
    condition     = aws_dynamodb_table.connections.name == "gmail-connect-connections"
    error_message = "The own table must stay."
  }
}

run "a_key_that_is_given_is_used_and_none_is_made" {
  command = plan

  variables {
    token_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/mrk-1"
  }

  assert {
    condition     = length(aws_kms_key.tokens) == 0 && length(aws_kms_alias.tokens) == 0
    error_message = "No key may be made."
  }

  assert {
    condition     = local.functions["callback"].variables["TOKEN_KMS_KEY_ID"] == "arn:aws:kms:eu-central-1:123456789012:key/mrk-1" && aws_dynamodb_table.connections.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/mrk-1"
    error_message = "It must wrap and encrypt."
  }
}

run "a_code_signing_configuration_is_that_of_every_function" {
  command = plan

  variables {
    code_signing_config_arn = "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0f6c334abcdea4d8b"
    event_bus_name          = "default"
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.function : function.code_signing_config_arn == var.code_signing_config_arn]) && length(aws_lambda_function.function) == 6
    error_message = "Every function must take signed code only."
  }
}
