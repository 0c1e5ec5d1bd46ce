//! Google's token, revocation and userinfo endpoints
//! ([web server flow](https://developers.google.com/identity/protocols/oauth2/web-server)).

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use url::Url;

use super::http::{NoAnswer, object, read_body, retry_after};
use crate::{
    config::GoogleEndpoints,
    domain::{
        authorization_server::{AuthorizationServer, CodeGrant, TokenError, TokenResponse, UserInfo},
        oauth_client::OAuthClient,
        scope::Scopes,
        secret::{AccessToken, IdToken, RefreshToken},
        user_id::UserId,
    },
    telemetry::timed,
};

/// The most bytes of an answer; a token response has about five thousand.
const MAX_BODY: usize = 64 * 1024;

/// Google as an authorization server.
#[derive(Clone, Debug)]
pub struct GoogleAuthorizationServer {
    http: Client,
    userinfo: Url,
    revocation: Url,
}

impl GoogleAuthorizationServer {
    /// The server whose token endpoint each OAuth client names and whose other endpoints are given.
    pub fn new(http: Client, endpoints: &GoogleEndpoints) -> Self {
        Self { http, userinfo: endpoints.userinfo.clone(), revocation: endpoints.revocation.clone() }
    }

    async fn token(
        &self,
        client: &OAuthClient,
        form: &[(&str, &str)],
        timeout: Duration,
    ) -> Result<TokenResponse, TokenError> {
        let credentials = [("client_id", client.client_id.as_str()), ("client_secret", client.client_secret.reveal())];
        let form: Vec<_> = credentials.iter().chain(form).collect();
        let request = self.http.post(client.token_uri.clone()).form(&form).timeout(timeout);
        let response = request.send().await.map_err(|error| no_answer(error.into()))?;
        let (status, wait) = (response.status(), retry_after(&response));
        let body = read_body(response, MAX_BODY).await;
        if !status.is_success() {
            // The status tells enough where the page behind it cannot be read.
            return Err(token_error(status, &body.unwrap_or_default(), wait));
        }
        token_response(&body.map_err(no_answer)?).ok_or(TokenError::Malformed { status: status.as_u16() })
    }
}

#[async_trait]
impl AuthorizationServer for GoogleAuthorizationServer {
    async fn exchange_code(
        &self,
        client: &OAuthClient,
        grant: &CodeGrant<'_>,
        timeout: Duration,
    ) -> Result<TokenResponse, TokenError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", grant.code.reveal()),
            ("redirect_uri", grant.redirect_uri),
            ("code_verifier", grant.code_verifier.reveal()),
        ];
        timed("google.token.code", self.token(client, &form, timeout)).await
    }

    async fn refresh(
        &self,
        client: &OAuthClient,
        refresh_token: &RefreshToken,
        timeout: Duration,
    ) -> Result<TokenResponse, TokenError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.reveal())];
        timed("google.token.refresh", self.token(client, &form, timeout)).await
    }

    async fn revoke(&self, refresh_token: &RefreshToken, timeout: Duration) -> Result<(), TokenError> {
        let asked = async {
            let request = self.http.post(self.revocation.clone()).form(&[("token", refresh_token.reveal())]);
            let response = request.timeout(timeout).send().await.map_err(|error| no_answer(error.into()))?;
            let (status, wait) = (response.status(), retry_after(&response));
            let body = read_body(response, MAX_BODY).await.unwrap_or_default();
            if status.is_success() || is_dead(&body) { Ok(()) } else { Err(token_error(status, &body, wait)) }
        };
        timed("google.revoke", asked).await
    }

    async fn user_info(&self, token: &AccessToken, timeout: Duration) -> Result<Option<UserInfo>, TokenError> {
        let asked = async {
            let request = self.http.get(self.userinfo.clone()).bearer_auth(token.reveal()).timeout(timeout);
            let response = request.send().await.map_err(|error| no_answer(error.into()))?;
            let (status, wait) = (response.status(), retry_after(&response));
            if is_for_now(status) {
                return Err(TokenError::ForNow { status: status.as_u16(), retry_after: wait });
            }
            let body = read_body(response, MAX_BODY).await.map_err(no_answer)?;
            Ok(if status.is_success() { user_info(&body) } else { None })
        };
        timed("google.userinfo", asked).await
    }
}

fn no_answer(error: NoAnswer) -> TokenError {
    match error {
        NoAnswer::NotSent => TokenError::NotSent,
        NoAnswer::Lost => TokenError::NoAnswer,
        NoAnswer::TooLarge => TokenError::Malformed { status: 200 },
    }
}

/// Whether the token that was to be revoked is dead already, or never was one
/// ([revoking a token](https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke)).
fn is_dead(body: &[u8]) -> bool {
    let error: WireError = object(body).unwrap_or_default();
    matches!(error.error.as_str(), "invalid_token" | "invalid_grant")
}

fn is_for_now(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 429)
}

/// The token endpoint's errors ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2) and Google's own).
fn token_error(status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> TokenError {
    let error: WireError = object(body).unwrap_or_default();
    let status_code = status.as_u16();
    match error.error.as_str() {
        "invalid_grant" => TokenError::InvalidGrant {
            session_control: matches!(error.error_subtype.as_str(), "invalid_rapt" | "rapt_required"),
        },
        "invalid_client" => TokenError::ClientRejected("invalid_client"),
        "unauthorized_client" => TokenError::ClientRejected("unauthorized_client"),
        "deleted_client" => TokenError::ClientRejected("deleted_client"),
        "redirect_uri_mismatch" => TokenError::ClientRejected("redirect_uri_mismatch"),
        "admin_policy_enforced" | "org_internal" => TokenError::BlockedByPolicy,
        "internal_failure" | "server_error" | "temporarily_unavailable" => {
            TokenError::ForNow { status: status_code, retry_after }
        }
        _ if is_for_now(status) => TokenError::ForNow { status: status_code, retry_after },
        _ => TokenError::Malformed { status: status_code },
    }
}

fn token_response(body: &[u8]) -> Option<TokenResponse> {
    let wire: WireToken = object(body)?;
    let is_bearer = wire.token_type.is_none_or(|token_type| token_type.eq_ignore_ascii_case("bearer"));
    (is_bearer && !wire.access_token.reveal().is_empty()).then_some(TokenResponse {
        access_token: wire.access_token,
        expires_in: Duration::from_secs(wire.expires_in),
        refresh_token: wire.refresh_token.filter(|token| !token.reveal().is_empty()),
        refresh_token_expires_in: wire.refresh_token_expires_in.map(Duration::from_secs),
        scopes: wire.scope.map(|scope| Scopes::parse(&scope)),
        id_token: wire.id_token.filter(|token| !token.reveal().is_empty()),
    })
}

fn user_info(body: &[u8]) -> Option<UserInfo> {
    let wire: WireUserInfo = object(body)?;
    Some(UserInfo { user_id: UserId::parse(&wire.sub.or(wire.id)?)?, email: wire.email })
}

#[derive(Deserialize)]
struct WireToken {
    access_token: AccessToken,
    #[serde(default)]
    expires_in: u64,
    #[serde(default)]
    refresh_token: Option<RefreshToken>,
    #[serde(default)]
    refresh_token_expires_in: Option<u64>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    id_token: Option<IdToken>,
}

#[derive(Default, Deserialize)]
struct WireError {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_subtype: String,
}

#[derive(Deserialize)]
struct WireUserInfo {
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_token_endpoint_has_its_meaning() {
        let for_now = |status| TokenError::ForNow { status, retry_after: None };
        let rows = [
            (400, r#"{"error":"invalid_grant"}"#, TokenError::InvalidGrant { session_control: false }),
            (
                400,
                r#"{"error":"invalid_grant","error_subtype":"invalid_rapt","error_description":"reauth related error"}"#,
                TokenError::InvalidGrant { session_control: true },
            ),
            (
                400,
                r#"{"error":"invalid_grant","error_subtype":"rapt_required"}"#,
                TokenError::InvalidGrant { session_control: true },
            ),
            (401, r#"{"error":"invalid_client"}"#, TokenError::ClientRejected("invalid_client")),
            (401, r#"{"error":"unauthorized_client"}"#, TokenError::ClientRejected("unauthorized_client")),
            (401, r#"{"error":"deleted_client"}"#, TokenError::ClientRejected("deleted_client")),
            (400, r#"{"error":"redirect_uri_mismatch"}"#, TokenError::ClientRejected("redirect_uri_mismatch")),
            (400, r#"{"error":"admin_policy_enforced"}"#, TokenError::BlockedByPolicy),
            (400, r#"{"error":"temporarily_unavailable"}"#, for_now(400)),
            (408, "", for_now(408)),
            (429, "{}", for_now(429)),
            (500, "<html>", for_now(500)),
            (503, r#"{"error":"backend"}"#, for_now(503)),
            (400, r#"{"error":"invalid_request"}"#, TokenError::Malformed { status: 400 }),
            (302, "", TokenError::Malformed { status: 302 }),
            (404, "[]", TokenError::Malformed { status: 404 }),
        ];
        for (status, body, error) in rows {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(token_error(status, body.as_bytes(), None), error, "{status} {body}");
        }
    }

    #[test]
    fn a_token_response_without_a_usable_access_token_is_none() {
        for body in [
            "",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":7}"#,
            r#"{"access_token":"a","token_type":"mac"}"#,
            r#"{"access_token":"a","expires_in":-1}"#,
        ] {
            assert!(token_response(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_token_response_is_read_whole() {
        let body = r#"{"access_token":"ya29","expires_in":3599,"refresh_token":"1//r","scope":"a b","token_type":"Bearer",
            "id_token":"e.y.J","refresh_token_expires_in":604799,"later":"x"}"#;
        let token = token_response(body.as_bytes()).unwrap();
        assert_eq!(token.access_token.reveal(), "ya29");
        assert_eq!(token.expires_in.as_secs(), 3599);
        assert_eq!(token.refresh_token.unwrap().reveal(), "1//r");
        assert_eq!(token.refresh_token_expires_in.unwrap().as_secs(), 604_799);
        assert_eq!(token.scopes.unwrap().to_wire(), "a b");
        assert_eq!(token.id_token.unwrap().reveal(), "e.y.J");
    }

    #[test]
    fn tokens_that_are_empty_are_none() {
        let token = token_response(br#"{"access_token":"a","refresh_token":"","id_token":""}"#).unwrap();
        assert!(token.refresh_token.is_none() && token.id_token.is_none());
    }
}
