//! The revocation endpoint (RFC 7009): a token of either kind ends the whole grant.

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::json;
use url::form_urlencoded;

use super::{EmulatedGoogle, token_failure::TokenFailure};

/// `POST /revoke`, with `token` in the form or the query.
pub(super) async fn revoke(State(google): State<EmulatedGoogle>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let query = query.unwrap_or_default();
    let mut parameters = form_urlencoded::parse(&body).chain(form_urlencoded::parse(query.as_bytes()));
    let token = parameters.find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
    match google.revoke_token(token.as_deref()) {
        Ok(()) => Json(json!({})).into_response(),
        Err(failure) => failure.into_response(),
    }
}

impl EmulatedGoogle {
    fn revoke_token(&self, token: Option<&str>) -> Result<(), TokenFailure> {
        let token = token.ok_or_else(|| TokenFailure::missing("token"))?;
        let mut grants = self.grants();
        let holder = grants.holder(token, self.0.clock.now());
        let (sub, client_id) = holder.ok_or_else(|| TokenFailure::new("invalid_token", "Token expired or revoked"))?;
        grants.give_back(&sub, &client_id);
        Ok(())
    }
}
