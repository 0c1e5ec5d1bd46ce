//! The token endpoint: authorization code grant and refresh token grant (RFC 6749 §4.1.3 and §6).

mod client_authentication;
mod form;

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Value, json};
use shared::domain::time::Timestamp;

use self::form::Form;
use super::{
    Effect, EmulatedGoogle,
    front::Struck,
    grants::{ACCESS_TOKEN_LIFETIME, AccessToken, Code, RefreshToken, TESTING_LIFETIME},
    id_token::Identity,
    scopes::{self, OPENID, Scopes, is_identity},
    token_failure::TokenFailure,
};

/// `POST /token`.
pub(super) async fn token(
    State(google): State<EmulatedGoogle>,
    Extension(Struck(effect)): Extension<Struck>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = google.token_response(&headers, &body, effect.as_ref());
    let headers = [(header::CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate")];
    answer.map_or_else(IntoResponse::into_response, |body| (headers, Json(body)).into_response())
}

/// Whose access token is to be issued, and for what.
struct Issue<'a> {
    sub: &'a str,
    client_id: &'a str,
    scopes: &'a Scopes,
    nonce: Option<&'a str>,
    effect: Option<&'a Effect>,
}

impl EmulatedGoogle {
    fn token_response(&self, headers: &HeaderMap, body: &[u8], effect: Option<&Effect>) -> Result<Value, TokenFailure> {
        if let Some(Effect::TokenError { error, subtype }) = effect {
            return Err(TokenFailure::named(error, subtype.clone()));
        }
        let form = Form::parse(headers, body)?;
        let client_id = self.authenticate_client(headers, &form)?;
        match form.find("grant_type") {
            Some("authorization_code") => self.exchange(&form, &client_id, effect),
            Some("refresh_token") => self.refresh(&form, &client_id, effect),
            other => {
                let description = format!("Invalid grant_type: {}", other.unwrap_or_default());
                Err(TokenFailure::new("unsupported_grant_type", description))
            }
        }
    }

    fn exchange(&self, form: &Form, client_id: &str, effect: Option<&Effect>) -> Result<Value, TokenFailure> {
        let text = form.required("code")?;
        let redirect_uri = form.required("redirect_uri")?;
        let now = self.0.clock.now();
        let code = self.redeem(text, client_id, redirect_uri, form.find("code_verifier"), now)?;
        let Code { sub, scopes, nonce, .. } = &code;
        let mut body = self.issue(&Issue { sub, client_id, scopes, nonce: nonce.as_deref(), effect }, now)?;
        if code.refresh && effect != Some(&Effect::NoRefreshToken) {
            self.add_refresh_token(&mut body, &code, now)?;
        }
        Ok(body)
    }

    /// A wrong redirect URI or client leaves the code as it is; a right one, or a wrong verifier, uses it up.
    fn redeem(
        &self,
        text: &str,
        client_id: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<Code, TokenFailure> {
        if !text.starts_with("4/") {
            return Err(TokenFailure::invalid_grant("Malformed auth code."));
        }
        let mut grants = self.grants();
        let code = grants.code(text, now).filter(|code| code.client_id == client_id).cloned();
        let code = code.ok_or_else(|| TokenFailure::invalid_grant("Bad Request"))?;
        if code.redirect_uri != redirect_uri {
            return Err(TokenFailure::new("redirect_uri_mismatch", "Bad Request"));
        }
        grants.spend_code(text);
        match (&code.challenge, verifier) {
            (None, None) => Ok(code),
            (None, Some(_)) => Err(TokenFailure::invalid_grant("code_verifier or verifier is not needed.")),
            (Some(_), None) => Err(TokenFailure::invalid_grant("Missing code verifier.")),
            (Some(challenge), Some(verifier)) if challenge.accepts(verifier) => Ok(code),
            (Some(_), Some(_)) => Err(TokenFailure::invalid_grant("Invalid code verifier.")),
        }
    }

    fn add_refresh_token(&self, body: &mut Value, code: &Code, now: Timestamp) -> Result<(), TokenFailure> {
        let token = self.mint("1//0", 2)?;
        let lifetime =
            (self.0.testing && !code.scopes.iter().all(|scope| is_identity(scope))).then_some(TESTING_LIFETIME);
        if let Some(body) = body.as_object_mut() {
            body.insert("refresh_token".to_owned(), json!(token));
            if let Some(lifetime) = lifetime {
                body.insert("refresh_token_expires_in".to_owned(), json!(lifetime.as_secs() - 1));
            }
        }
        self.grants().put_refresh_token(RefreshToken {
            token,
            sub: code.sub.clone(),
            client_id: code.client_id.clone(),
            scopes: code.scopes.clone(),
            used_at: now,
            expires_at: lifetime.map(|lifetime| now.after(lifetime)),
            dead: false,
            needs_reauthentication: false,
        });
        Ok(())
    }

    fn refresh(&self, form: &Form, client_id: &str, effect: Option<&Effect>) -> Result<Value, TokenFailure> {
        let text = form.required("refresh_token")?;
        let now = self.0.clock.now();
        let (sub, granted) = self.use_refresh_token(text, client_id, now)?;
        let scopes = form.find("scope").map_or_else(|| granted.clone(), scopes::parse);
        if !scopes.is_subset(&granted) {
            return Err(TokenFailure::new("invalid_scope", "Bad Request"));
        }
        self.issue(&Issue { sub: &sub, client_id, scopes: &scopes, nonce: None, effect }, now)
    }

    fn use_refresh_token(&self, text: &str, client_id: &str, now: Timestamp) -> Result<(String, Scopes), TokenFailure> {
        let mut grants = self.grants();
        let token = grants.refresh_token(text).ok_or_else(|| TokenFailure::invalid_grant("Bad Request"))?;
        if token.client_id != client_id {
            return Err(TokenFailure::named("unauthorized_client", None));
        }
        if !token.is_alive(now) {
            return Err(TokenFailure::named("invalid_grant", None));
        }
        if token.needs_reauthentication {
            return Err(TokenFailure::reauthentication());
        }
        token.used_at = now;
        Ok((token.sub.clone(), token.scopes.clone()))
    }

    /// An access token, and an ID token if `openid` was granted.
    fn issue(&self, issue: &Issue<'_>, now: Timestamp) -> Result<Value, TokenFailure> {
        let access_token = self.mint("ya29.a0A", 4)?;
        let mut body = json!({
            "access_token": access_token,
            "expires_in": ACCESS_TOKEN_LIFETIME.as_secs(),
            "scope": scopes::print(issue.scopes),
            "token_type": "Bearer",
        });
        if let Some(body) = body.as_object_mut() {
            if let Some(Effect::Scope(scope)) = issue.effect {
                body.insert("scope".to_owned(), json!(scope));
            }
            if let Some(id_token) = self.id_token(issue, &access_token, now) {
                body.insert("id_token".to_owned(), json!(id_token));
            }
        }
        let token = AccessToken {
            sub: issue.sub.to_owned(),
            client_id: issue.client_id.to_owned(),
            scopes: issue.scopes.clone(),
            expires_at: now.after(ACCESS_TOKEN_LIFETIME),
        };
        self.grants().put_access_token(access_token, token, now);
        Ok(body)
    }

    fn id_token(&self, issue: &Issue<'_>, access_token: &str, now: Timestamp) -> Option<String> {
        let account = self.account(issue.sub).filter(|_| issue.scopes.contains(OPENID))?;
        let Issue { client_id, scopes, nonce, .. } = *issue;
        let identity = Identity { account, client_id, scopes, nonce, access_token, now };
        let fault = issue.effect.and_then(|effect| match effect {
            Effect::IdToken(fault) => Some(*fault),
            _ => None,
        });
        identity.id_token(&self.0.keys, fault)
    }
}
