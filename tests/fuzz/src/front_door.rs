//! Whole requests to every function.

use serde_json::{Map, Value, json};

use crate::{
    genuine::{COOKIES, SECURITY_EVENT},
    sound::{assert_silent, assert_sound},
    world::World,
};

/// The input is written as HTTP is: a line with method and address, headers, an empty line, the body. `iam: 1` is a request
/// that API Gateway let in; `$session`, `$pending`, `$state` and `$event` stand for what is genuine. An input without a first line of
/// that form is the event itself. The response is sound, and nobody gets a session who did not begin an attempt.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let text = text.replace("$session", &COOKIES.session).replace("$pending", &COOKIES.pending);
    let text = text.replace("$state", &COOKIES.state).replace("$event", &SECURITY_EVENT);
    let event = event(&text).map_or_else(|| text.clone(), |event| event.to_string());
    let response = World::get().answer(&event);
    assert_sound(&response);
    assert_silent(&event, &response);
    let has_session =
        response.cookies.iter().any(|cookie| cookie.starts_with("__Host-session=") && !cookie.contains("Max-Age=0"));
    assert!(!has_session || event.contains(&COOKIES.pending), "{event}");
}

fn event(text: &str) -> Option<Value> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, address) = lines.next()?.split_once(" /")?;
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut headers: Map<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.into()))
        .collect();
    let cookies = headers.remove("cookie").unwrap_or_default();
    let cookies: Vec<_> =
        cookies.as_str().unwrap_or_default().split("; ").filter(|cookie| !cookie.is_empty()).collect();
    let authorizer = headers.remove("iam").map(|_| json!({"iam": {"userArn": "arn"}}));
    Some(json!({"version": "2.0", "rawPath": format!("/{path}"), "rawQueryString": query, "headers": headers,
        "cookies": cookies, "body": body, "requestContext": {"domainName": "mail.example.com",
            "http": {"method": method, "path": format!("/{path}")}, "authorizer": authorizer}}))
}
