//! The JWK set that ID tokens and security events are verified with.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::EmulatedGoogle;

/// `GET /oauth2/v3/certs`.
pub(super) async fn certs(State(google): State<EmulatedGoogle>) -> Response {
    let headers = [(header::CACHE_CONTROL, "public, max-age=23474, must-revalidate, no-transform")];
    (headers, Json(google.0.keys.jwks())).into_response()
}
