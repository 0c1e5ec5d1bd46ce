//! Request headers that Gmail looks at.

use axum::http::{HeaderMap, HeaderName, header};

/// The access token of an `Authorization: Bearer` header (RFC 6750 §2.1).
pub(in crate::google) fn bearer(headers: &HeaderMap) -> Option<&str> {
    bearer_of(text(headers, &header::AUTHORIZATION))
}

/// The access token in the value of an `Authorization` header.
pub(super) fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether Google compresses for this client: it has to accept gzip and to have «gzip» in its name.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    text(headers, &header::ACCEPT_ENCODING).contains("gzip") && text(headers, &header::USER_AGENT).contains("gzip")
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
