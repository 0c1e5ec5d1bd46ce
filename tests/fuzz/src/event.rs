//! Any text in place of an API Gateway event.

#![expect(clippy::unwrap_used, reason = "an event that we wrote is readable, or something does not hold")]

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use shared::http::Request;

/// What is read holds no more than what came, has its headers in lower case, and is the same once written and read again.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(request) = Request::from_event(text) else { return };
    assert!(request.headers.keys().all(|name| !name.bytes().any(|byte| byte.is_ascii_uppercase())));
    assert!(request.header("cookie").is_none());
    assert!(request.body.len() <= text.len());
    let again = Request::from_event(&written(&request).to_string()).unwrap();
    assert_eq!(written(&again), written(&request));
}

fn written(request: &Request) -> Value {
    let authorizer = if request.signed_with_iam { json!({"iam": {}}) } else { Value::Null };
    json!({"rawPath": request.path, "rawQueryString": request.query, "cookies": request.cookies, "headers": request.headers,
        "body": STANDARD.encode(&request.body), "isBase64Encoded": true,
        "requestContext": {"domainName": request.domain_name, "authorizer": authorizer, "http": {"method": request.method}}})
}
