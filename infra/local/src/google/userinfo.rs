//! The userinfo endpoint (OpenID Connect Core §5.3).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{EmulatedGoogle, gmail::bearer, id_token::about, scopes::is_identity};

/// `GET` or `POST /v1/userinfo`.
pub(super) async fn userinfo(State(google): State<EmulatedGoogle>, headers: HeaderMap) -> Response {
    google.user_info(bearer(&headers)).map_or_else(refused, |claims| Json(claims).into_response())
}

fn refused() -> Response {
    let body = json!({ "error": "invalid_request", "error_description": "Invalid Credentials" });
    let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], Json(body)).into_response()
}

impl EmulatedGoogle {
    fn user_info(&self, bearer: Option<&str>) -> Option<Value> {
        let token = self.grants().access_token(bearer?, self.0.clock.now()).cloned()?;
        let account = self.account(&token.sub).filter(|_| token.scopes.iter().any(|scope| is_identity(scope)))?;
        Some(Value::Object(about(account, &token.scopes)))
    }
}
