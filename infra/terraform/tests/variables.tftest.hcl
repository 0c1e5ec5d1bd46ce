# What a deployment may not choose is refused before anything is made. Nothing is: these are plans.

variables {
  artifacts = "../../target/lambda"
}

run "a_name_with_a_capital_letter_is_refused" {
  command = plan

  variables {
    name = "Gmail"
  }

  expect_failures = [var.name]
}

run "a_name_that_is_too_long_is_refused" {
  command = plan

  variables {
    name = "a-name-of-forty-one-characters-is-too-long"
  }

  expect_failures = [var.name]
}

run "another_architecture_is_refused" {
  command = plan

  variables {
    architecture = "riscv"
  }

  expect_failures = [var.architecture]
}

run "scopes_without_openid_are_refused" {
  command = plan

  variables {
    scopes = "email https://www.googleapis.com/auth/gmail.readonly"
  }

  expect_failures = [var.scopes]
}

run "an_origin_with_a_path_is_refused" {
  command = plan

  variables {
    allowed_return_origins = ["https://app.example.com/"]
  }

  expect_failures = [var.allowed_return_origins]
}

run "any_origin_is_refused" {
  command = plan

  variables {
    allowed_return_origins = ["*"]
  }

  expect_failures = [var.allowed_return_origins]
}

run "a_session_without_an_end_is_refused" {
  command = plan

  variables {
    session_ttl_seconds = 0
  }

  expect_failures = [var.session_ttl_seconds]
}

run "a_quota_of_less_than_a_few_messages_is_refused" {
  command = plan

  variables {
    gmail_quota_units_per_minute = 99
  }

  expect_failures = [var.gmail_quota_units_per_minute]
}

run "a_listing_without_batches_is_refused" {
  command = plan

  variables {
    gmail_batches_at_once = 0
  }

  expect_failures = [var.gmail_batches_at_once]
}

run "more_batches_than_a_page_has_are_refused" {
  command = plan

  variables {
    gmail_batches_at_once = 21
  }

  expect_failures = [var.gmail_batches_at_once]
}

run "a_domain_without_a_certificate_is_refused" {
  command = plan

  variables {
    domain_name = "mail.example.com"
  }

  expect_failures = [var.domain_name]
}

run "a_certificate_without_a_domain_is_refused" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/a"
  }

  expect_failures = [var.domain_name]
}

run "a_zone_without_a_domain_is_refused" {
  command = plan

  variables {
    hosted_zone_id = "Z0123456789"
  }

  expect_failures = [var.hosted_zone_id]
}

run "a_public_base_url_without_https_is_refused" {
  command = plan

  variables {
    public_base_url = "http://mail.example.com"
  }

  expect_failures = [var.public_base_url]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "a_reserved_concurrency_below_none_is_refused" {
  command = plan

  variables {
    reserved_concurrency = -2
  }

  expect_failures = [var.reserved_concurrency]
}

run "a_restored_table_without_its_stream_is_refused_with_a_bus" {
  command = plan

  variables {
    restored_table_name = "restored"
    event_bus_name      = "default"
  }

  expect_failures = [var.restored_table_stream_arn]
}

run "an_alias_is_refused_as_a_key" {
  command = plan

  variables {
    token_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/tokens"
  }

  expect_failures = [var.token_kms_key_arn]
}

run "functions_that_are_not_built_are_refused" {
  command = plan

  variables {
    artifacts = "nowhere"
  }

  expect_failures = [aws_lambda_function.function]
}

run "a_code_signing_config_that_is_a_function_is_refused" {
  command = plan

  variables {
    code_signing_config_arn = "arn:aws:lambda:eu-central-1:123456789012:function:gmail-connect-callback"
  }

  expect_failures = [var.code_signing_config_arn]
}
