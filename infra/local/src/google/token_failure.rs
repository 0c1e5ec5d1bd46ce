//! The error response of the token endpoint (RFC 6749 §5.2), with Google's statuses and descriptions.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use shared::domain::random::NoRandomness;

/// Why there is no token.
#[derive(Debug)]
pub(super) struct TokenFailure {
    error: String,
    description: String,
    subtype: Option<String>,
}

impl TokenFailure {
    pub(super) fn new(error: &str, description: impl Into<String>) -> Self {
        Self { error: error.to_owned(), description: description.into(), subtype: None }
    }

    pub(super) fn missing(parameter: &str) -> Self {
        Self::new("invalid_request", format!("Missing required parameter: {parameter}"))
    }

    pub(super) fn invalid_grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }

    /// Session control: the user has to sign in again.
    pub(super) fn reauthentication() -> Self {
        Self::named("invalid_grant", Some("invalid_rapt".to_owned()))
    }

    /// An error by its code, with the description that usually comes with it.
    pub(super) fn named(error: &str, subtype: Option<String>) -> Self {
        let description = match (error, subtype.as_deref()) {
            (_, Some(subtype)) => format!("reauth related error ({subtype})"),
            ("invalid_grant", _) => "Token has been expired or revoked.".to_owned(),
            ("invalid_client", _) => "The OAuth client was not found.".to_owned(),
            ("unauthorized_client", _) => "Unauthorized".to_owned(),
            _ => "Bad Request".to_owned(),
        };
        Self { error: error.to_owned(), description, subtype }
    }

    fn status(&self) -> StatusCode {
        match self.error.as_str() {
            "invalid_client" | "unauthorized_client" => StatusCode::UNAUTHORIZED,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<NoRandomness> for TokenFailure {
    fn from(failure: NoRandomness) -> Self {
        Self::new("server_error", failure.to_string())
    }
}

impl IntoResponse for TokenFailure {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.error, "error_description": self.description });
        if let (Some(subtype), Some(body)) = (&self.subtype, body.as_object_mut()) {
            body.insert("error_uri".to_owned(), json!("https://support.google.com/a/answer/9368756"));
            body.insert("error_subtype".to_owned(), json!(subtype));
        }
        (self.status(), [(header::CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate")], Json(body))
            .into_response()
    }
}
