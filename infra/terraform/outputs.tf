# What to do next, in this order.

locals {
  api_url             = local.public_base_url != "" ? local.public_base_url : aws_apigatewayv2_api.api.api_endpoint
  redirect_uri        = "${local.api_url}/callback"
  connect_url         = "${local.api_url}/authorize?return_to=/messages"
  security_events_url = "${local.api_url}/security-events"
  put_client_secret   = "aws secretsmanager put-secret-value --secret-id ${aws_secretsmanager_secret.client_secret.arn} --secret-string file://client_secret.json --region ${local.region}"
}

output "api_url" {
  description = "Where the API is. With a custom domain and no hosted_zone_id, first make a CNAME record to domain_target."
  value       = local.api_url
}

output "domain_target" {
  description = "What a CNAME record of the custom domain has to point at; null without a custom domain."
  value       = one(aws_apigatewayv2_domain_name.domain[*].domain_name_configuration[0].target_domain_name)
}

output "redirect_uri" {
  description = "Register this as an authorized redirect URI of the OAuth client in Google's console, then download the client's JSON."
  value       = local.redirect_uri
}

output "put_client_secret" {
  description = "Run this where the downloaded client_secret.json is; functions use it within five minutes."
  value       = local.put_client_secret
}

output "connect_url" {
  description = "Open this in a browser: it connects an account and shows its messages."
  value       = local.connect_url
}

output "security_events_url" {
  description = "Register this for security events, if the API has a domain of your own: cargo run -- security-events register --url …"
  value       = local.security_events_url
}

output "users_url" {
  description = "For a backend that signs with IAM: the list of connections. It needs execute-api:Invoke on backend_resource."
  value       = "${local.api_url}/users"
}

output "backend_resource" {
  description = "On this a backend's role needs execute-api:Invoke."
  value       = "${aws_apigatewayv2_api.api.execution_arn}/$default/*/users*"
}

output "dashboard_url" {
  description = "Open this to see how it is going."
  value       = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.dashboard.dashboard_name}"
}

output "client_secret_arn" {
  description = "The secret that holds client_secret.json."
  value       = aws_secretsmanager_secret.client_secret.arn
}

output "cookie_key_arn" {
  description = "The secret that holds the cookie key; rotate it with aws secretsmanager put-secret-value."
  value       = aws_secretsmanager_secret.cookie_key.arn
}

output "connections_table" {
  description = "The table that the functions use."
  value       = local.table_name
}

output "token_kms_key_arn" {
  description = "The key that wraps the tokens' keys and encrypts the table; without it no token can be opened."
  value       = local.key_arn
}

output "next_steps" {
  description = "What to do now; terraform output -raw next_steps prints it again."
  value       = <<-EOT
    1. In Google's console, in the OAuth client of type «Web application», register the authorized redirect URI
       ${local.redirect_uri}
    2. Download the client's JSON as client_secret.json, and put it in place:
       ${local.put_client_secret}
    3. Connect an account, and see its messages:
       ${local.connect_url}
  EOT
}
