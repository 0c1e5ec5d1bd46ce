# The module's outputs: what to do next.

output "api_url" {
  description = "Where the API is. With a custom domain and no hosted_zone_id, first make a CNAME record to domain_target."
  value       = module.gmail_connect.api_url
}

output "domain_target" {
  description = "What a CNAME record of the custom domain has to point at; null without a custom domain."
  value       = module.gmail_connect.domain_target
}

output "redirect_uri" {
  description = "Register this as an authorized redirect URI of the OAuth client in Google's console, then download the client's JSON."
  value       = module.gmail_connect.redirect_uri
}

output "put_client_secret" {
  description = "Run this where the downloaded client_secret.json is; functions use it within five minutes."
  value       = module.gmail_connect.put_client_secret
}

output "connect_url" {
  description = "Open this in a browser: it connects an account and shows its messages."
  value       = module.gmail_connect.connect_url
}

output "security_events_url" {
  description = "Register this for security events, if the API has a domain of your own: cargo run -- security-events register --url …"
  value       = module.gmail_connect.security_events_url
}

output "users_url" {
  description = "For a backend that signs with IAM: the list of connections. It needs execute-api:Invoke on backend_resource."
  value       = module.gmail_connect.users_url
}

output "backend_resource" {
  description = "On this a backend's role needs execute-api:Invoke."
  value       = module.gmail_connect.backend_resource
}

output "dashboard_url" {
  description = "Open this to see how it is going."
  value       = module.gmail_connect.dashboard_url
}

output "client_secret_arn" {
  description = "The secret that holds client_secret.json."
  value       = module.gmail_connect.client_secret_arn
}

output "cookie_key_arn" {
  description = "The secret that holds the cookie key; rotate it with aws secretsmanager put-secret-value."
  value       = module.gmail_connect.cookie_key_arn
}

output "connections_table" {
  description = "The table that the functions use."
  value       = module.gmail_connect.connections_table
}

output "token_kms_key_arn" {
  description = "The key that wraps the tokens' keys and encrypts the table; without it no token can be opened."
  value       = module.gmail_connect.token_kms_key_arn
}

output "next_steps" {
  description = "What to do now; terraform output -raw next_steps prints it again."
  value       = module.gmail_connect.next_steps
}
