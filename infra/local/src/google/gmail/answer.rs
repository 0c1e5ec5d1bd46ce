//! An answer of Gmail: a status and JSON, on its own or inside a batch.

use std::io::Write;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::headers::takes_gzip;
use crate::google::{GmailError, faults};

/// The status, the body, and whether it is laid out for reading.
pub(super) struct Answer {
    pub(super) status: u16,
    body: Value,
    pretty: bool,
}

impl Answer {
    pub(super) fn ok(body: Value, pretty: bool) -> Self {
        Self { status: 200, body, pretty }
    }

    /// 400 in Gmail's shape.
    pub(super) fn invalid(message: &str) -> Self {
        Self::error(400, message, "invalidArgument", "INVALID_ARGUMENT")
    }

    /// 403: the scope does not allow what was asked.
    pub(super) fn forbidden(message: &str) -> Self {
        Self::error(403, message, "forbidden", "PERMISSION_DENIED")
    }

    /// 404 in Gmail's shape.
    pub(super) fn not_found() -> Self {
        Self::error(404, "Requested entity was not found.", "notFound", "NOT_FOUND")
    }

    /// 403: the token lacks a scope for this method.
    pub(super) fn insufficient_scope(method: &str) -> Self {
        let mut answer = Self::from(GmailError::AccessTokenScopeInsufficient);
        if let Some(metadata) = answer.body.pointer_mut("/error/details/0/metadata") {
            *metadata = json!({ "service": "gmail.googleapis.com", "method": method });
        }
        answer
    }

    fn error(status: u16, message: &str, reason: &str, rpc_status: &str) -> Self {
        let body = faults::shape(status, message, ("global", reason), rpc_status, None);
        Self { status, body, pretty: true }
    }

    /// The body's text.
    pub(super) fn text(&self) -> String {
        let text =
            if self.pretty { serde_json::to_string_pretty(&self.body) } else { serde_json::to_string(&self.body) };
        text.unwrap_or_default()
    }

    /// The answer as a response, compressed for those who ask as Google wants to be asked.
    pub(super) fn into_response(self, request: &HeaderMap) -> Response {
        respond(self.status, "application/json; charset=UTF-8", self.text(), request)
    }
}

impl From<GmailError> for Answer {
    fn from(error: GmailError) -> Self {
        Self { status: error.status(), body: error.body(), pretty: true }
    }
}

/// A response with the headers that Gmail's have.
pub(super) fn respond(status: u16, kind: &str, text: String, request: &HeaderMap) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let compressed = takes_gzip(request).then(|| gzip(text.as_bytes())).flatten();
    let is_compressed = compressed.is_some();
    let body = compressed.map_or_else(|| Body::from(text), Body::from);
    let mut response = (status, [(header::VARY, "Origin, X-Origin, Referer")], body).into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if is_compressed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if status == StatusCode::UNAUTHORIZED {
        let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
