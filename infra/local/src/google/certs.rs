//! The JWK set that ID tokens and security events are verified with.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::EmulatedGoogle;

/// How long keys, and the document that leads to them, may be kept.
pub(super) const CACHE_CONTROL: &str = "public, max-age=23474, must-revalidate, no-transform";

/// `GET /oauth2/v3/certs`.
pub(super) async fn certs(State(google): State<EmulatedGoogle>) -> Response {
    ([(header::CACHE_CONTROL, CACHE_CONTROL)], Json(google.0.keys.jwks())).into_response()
}
