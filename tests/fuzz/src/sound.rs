//! What holds for every response.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a response that is not as every response must be has failed"
)]

use serde_json::Value;
use shared::http::Response;
use url::Url;

use crate::genuine::{COOKIE_KEY, COOKIES};

/// Where a browser may be sent: ourselves, Google's authorization endpoint, and the origins that are allowed.
const DESTINATIONS: [&str; 3] = ["https://mail.example.com", "https://accounts.google.com", "https://app.example.com"];
const ATTRIBUTES: [&str; 5] = ["HttpOnly", "Max-Age", "Path=/", "SameSite=Lax", "Secure"];

/// Asserts that a response can go out: its headers are headers, its body is what they say, nothing is cached, no browser is
/// sent elsewhere, and no page has what we did not write into it.
pub(crate) fn assert_sound(response: &Response) {
    assert!((200..600).contains(&response.status_code), "{response:?}");
    assert_eq!(response.headers.get("cache-control").map(String::as_str), Some("no-store"), "{response:?}");
    for (name, value) in &response.headers {
        assert!(value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{name}: {value:?}");
    }
    for cookie in &response.cookies {
        assert_set_cookie(cookie);
    }
    if let Some(location) = response.headers.get("location") {
        let url = Url::parse(DESTINATIONS[0]).unwrap().join(location).unwrap();
        assert!(DESTINATIONS.contains(&url.origin().ascii_serialization().as_str()), "{location}");
    }
    assert_body(response);
}

fn assert_body(response: &Response) {
    let json = || serde_json::from_str::<Value>(&response.body).unwrap();
    match response.headers.get("content-type").map(String::as_str) {
        None => assert!(response.body.is_empty(), "{}", response.body),
        Some("application/json") => assert!(json().is_object(), "{}", response.body),
        Some("application/problem+json") => {
            let problem = json();
            assert_eq!(problem["status"], response.status_code, "{problem}");
            assert_eq!(problem["code"], response.outcome, "{problem}");
        }
        Some("text/html; charset=utf-8") => {
            assert!(!response.body.contains("<script"), "{}", response.body);
            assert!(response.headers.contains_key("content-security-policy"), "{response:?}");
        }
        other => assert_eq!(other, None, "a media type that is none of ours"),
    }
}

/// Asserts that the value of a `Set-Cookie` sets one cookie of ours with our attributes, each once.
pub(crate) fn assert_set_cookie(cookie: &str) {
    assert!(cookie.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{cookie:?}");
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    let (name, value) = pair.split_once('=').unwrap();
    assert!(name == "__Host-session" || name.starts_with("__Host-pending-"), "{cookie}");
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    assert!(plain(name) && plain(value), "{cookie}");
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert!(attributes[1].strip_prefix("Max-Age=").is_some_and(|age| age.parse::<u32>().is_ok()), "{cookie}");
    attributes[1] = ATTRIBUTES[1];
    assert_eq!(attributes, ATTRIBUTES, "{cookie}");
}

/// Asserts that no secret of ours is in a response, unless the caller knew it.
pub(crate) fn assert_silent(event: &str, response: &Response) {
    let session = COOKIES.session.split('=').nth(1).unwrap();
    for secret in ["GOCSPX-no-secret-of-anyone", COOKIE_KEY, "ya29.", "1//0", session] {
        let shown = response.body.contains(secret) || response.headers.values().any(|value| value.contains(secret));
        assert!(!shown || event.contains(secret), "{secret} is shown");
    }
}
