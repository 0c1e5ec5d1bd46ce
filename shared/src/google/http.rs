//! The HTTP client for Google, and what its answers have in common.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, ClientBuilder, Response, header::RETRY_AFTER};
use serde::Deserialize;

use crate::{
    config::BadVariable,
    outbound::{self, NO_ROOTS, Unread},
};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// After how long a silence an HTTP/2 connection is asked whether it still lives.
const ASKED_AFTER: Duration = Duration::from_secs(10);
/// How long it may take to say so.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// HTTP/2 before HTTP/1.1.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Builds the one client.
///
/// Google compresses for clients that accept gzip and say «gzip» in their name
/// ([performance tips](https://developers.google.com/workspace/gmail/api/guides/performance#gzip)).
///
/// # Errors
/// If there are no usable root certificates.
pub fn client() -> Result<Client, BadVariable> {
    builder()?.build().map_err(|_| NO_ROOTS)
}

/// The client's settings.
///
/// A connection that died while the function was frozen is found out: one that rested too long is not used again, and one
/// that was silent is asked as soon as a request is on it again; not before, for the function may be frozen again before the
/// answer is read. Without that, all requests to a host would go on to wait on its
/// one HTTP/2 connection, and each that tries again with them.
///
/// # Errors
/// If there are no usable root certificates.
pub fn builder() -> Result<ClientBuilder, BadVariable> {
    Ok(outbound::client(&PROTOCOLS)?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(ASKED_AFTER)
        .http2_keep_alive_timeout(ANSWERED_WITHIN)
        .user_agent(concat!("gmail-connect/", env!("CARGO_PKG_VERSION"), " (gzip)")))
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoAnswer {
    /// The request surely did not arrive.
    NotSent,
    /// It may have arrived.
    Lost,
    /// The answer is larger than it may be.
    TooLarge,
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() { Self::NotSent } else { Self::Lost }
    }
}

impl From<Unread> for NoAnswer {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLarge => Self::TooLarge,
            Unread::Broken => Self::Lost,
        }
    }
}

/// Reads a body of limited size, in bytes.
///
/// # Errors
/// If it is larger, or the connection breaks.
pub async fn read_body(response: Response, limit: usize) -> Result<Bytes, NoAnswer> {
    Ok(outbound::read_body(response, limit).await?)
}

/// Reads a JSON object; `None` for anything else. (A derived struct would take an array too.)
pub fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    body.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(body).ok())?
}

/// What `Retry-After` says, in seconds or as a date
/// ([RFC 9110 §10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)). The date is held against the answer's
/// own `Date`, so that our clock does not matter.
pub fn retry_after(response: &Response) -> Option<Duration> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let text = header(RETRY_AFTER)?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (then, now) = (httpdate::parse_http_date(text).ok()?, header(reqwest::header::DATE)?);
    then.duration_since(httpdate::parse_http_date(now).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)]) -> Response {
        let builder =
            headers.iter().fold(::http::Response::builder(), |builder, (name, value)| builder.header(*name, *value));
        Response::from(builder.body("").unwrap())
    }

    #[test]
    fn a_retry_after_is_seconds_or_a_date() {
        let date = ("date", "Sun, 22 Nov 2026 03:37:32 GMT");
        for (headers, seconds) in [
            (vec![], None),
            (vec![("retry-after", "7")], Some(7)),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "Sun, 22 Nov 2026 03:37:42 GMT"), date], Some(10)),
            (vec![("retry-after", "Sun, 22 Nov 2026 03:37:42 GMT")], None),
            (vec![("retry-after", "Sun, 22 Nov 2026 03:37:22 GMT"), date], None),
        ] {
            assert_eq!(retry_after(&answer(&headers)), seconds.map(Duration::from_secs), "{headers:?}");
        }
    }
}
