//! The button that ends the connection. A form can neither send `DELETE` nor go on from JSON, so this does both for it.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    CONNECTION,
    api::{Answer, Api},
    connection::Disconnected,
    mailbox::Problem,
    page::is_plain,
};
use crate::gateway::Gateway;

/// The code, of this page's own, for a grant that may still stand at Google.
pub(super) const LEFT_AT_GOOGLE: &str = "left_at_google";

/// `POST /disconnect`: only for forms of this page, so that no other site can end a connection.
pub(super) async fn disconnect(
    State(gateway): State<Gateway>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let Some(origin) = own_origin(&headers) else { return StatusCode::FORBIDDEN.into_response() };
    let api = Api { gateway: &gateway, source: source.ip(), headers: &headers };
    back(&api.ask(Method::DELETE, CONNECTION, Some(origin)).await)
}

/// The origin of the request, if it is where the request went to.
fn own_origin(headers: &HeaderMap) -> Option<HeaderValue> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.next().filter(|origin| *origin == &*format!("http://{host}"))?;
    origins.next().is_none().then(|| origin.clone())
}

/// Back to the page, with the answer's cookies.
fn back(answer: &Answer) -> Response {
    let mut response = Redirect::to(&target(answer)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in answer.headers.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    response
}

/// The page, which explains what went wrong. What is not connected needs no explanation.
fn target(answer: &Answer) -> String {
    if answer.status == StatusCode::OK {
        let Disconnected { revoked_at_google } = serde_json::from_slice(&answer.body).unwrap_or_default();
        return if revoked_at_google { "/".to_owned() } else { format!("/?error={LEFT_AT_GOOGLE}") };
    }
    let Problem { code, .. } = serde_json::from_slice(&answer.body).unwrap_or_default();
    match &*code {
        "connection_not_found" | "session_required" => "/".to_owned(),
        code if is_plain(code) && !code.is_empty() => format!("/?error={code}"),
        _ => "/?error=failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_pages_own_origin_may_disconnect() {
        let own = headers(&[("host", "localhost:8787"), ("origin", "http://localhost:8787")]);
        assert_eq!(own_origin(&own).unwrap(), "http://localhost:8787");
        for origin in ["null", "https://localhost:8787", "http://localhost", "http://localhost:8788", ""] {
            assert!(own_origin(&headers(&[("host", "localhost:8787"), ("origin", origin)])).is_none(), "{origin}");
        }
        assert!(own_origin(&headers(&[("host", "localhost:8787")])).is_none());
        let mut two = own.clone();
        two.append(header::ORIGIN, HeaderValue::from_static("http://localhost:8787"));
        assert!(own_origin(&two).is_none());
    }

    #[test]
    fn the_way_back_says_what_went_wrong_and_takes_the_cookies_along() {
        for (status, body, location) in [
            (200, r#"{"revoked_at_google":true}"#, "/"),
            (200, r#"{"revoked_at_google":false}"#, "/?error=left_at_google"),
            (401, r#"{"code":"session_required"}"#, "/"),
            (404, r#"{"code":"connection_not_found"}"#, "/"),
            (503, r#"{"code":"unavailable"}"#, "/?error=unavailable"),
            (403, r#"{"message":"Forbidden"}"#, "/?error=failed"),
            (500, r#"{"code":"a&b"}"#, "/?error=failed"),
        ] {
            let headers = headers(&[("set-cookie", "session=; Max-Age=0"), ("content-type", "application/json")]);
            let answer = Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() };
            let response = back(&answer);
            assert_eq!(
                (response.status().as_u16(), &response.headers()["location"]),
                (303, &location.parse().unwrap())
            );
            assert_eq!(response.headers()["set-cookie"], "session=; Max-Age=0");
            assert!(!response.headers().contains_key("content-type"));
        }
    }
}
