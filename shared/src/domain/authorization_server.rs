//! Google as an authorization server: the token endpoint, and who consented.

use std::time::Duration;

use async_trait::async_trait;

use super::{
    oauth_client::OAuthClient,
    scope::Scopes,
    secret::{AccessToken, AuthorizationCode, CodeVerifier, IdToken, RefreshToken},
    user_id::UserId,
};

/// Asks Google's token and userinfo endpoints. Each method is one request: who calls decides on trying again.
#[async_trait]
pub trait AuthorizationServer: Send + Sync {
    /// The authorization code grant ([RFC 6749 §4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)).
    async fn exchange_code(
        &self,
        client: &OAuthClient,
        grant: &CodeGrant<'_>,
        timeout: Duration,
    ) -> Result<TokenResponse, TokenError>;

    /// The refresh token grant ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
    async fn refresh(
        &self,
        client: &OAuthClient,
        refresh_token: &RefreshToken,
        timeout: Duration,
    ) -> Result<TokenResponse, TokenError>;

    /// Revokes a refresh token, and with it the user's whole grant
    /// ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)). One that is dead already is revoked.
    async fn revoke(&self, refresh_token: &RefreshToken, timeout: Duration) -> Result<(), TokenError>;

    /// Who the access token stands for, by the
    /// [userinfo endpoint](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo); `None` if it does not say.
    async fn user_info(&self, token: &AccessToken, timeout: Duration) -> Result<Option<UserInfo>, TokenError>;
}

/// What proves that the code is ours to exchange.
#[derive(Debug)]
pub struct CodeGrant<'a> {
    /// The one-time code.
    pub code: &'a AuthorizationCode,
    /// The verifier whose challenge the authorization request had.
    pub code_verifier: &'a CodeVerifier,
    /// The redirect URI that the authorization request had.
    pub redirect_uri: &'a str,
}

/// A successful answer of the token endpoint ([RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
#[derive(Debug)]
pub struct TokenResponse {
    /// The new access token.
    pub access_token: AccessToken,
    /// How long it lives from now.
    pub expires_in: Duration,
    /// The refresh token, if one was minted.
    pub refresh_token: Option<RefreshToken>,
    /// How long the refresh token lives, if its end is set.
    pub refresh_token_expires_in: Option<Duration>,
    /// What the user allowed; `None` if the answer leaves it out, which means: as asked.
    pub scopes: Option<Scopes>,
    /// Who consented, if an identity scope was asked for.
    pub id_token: Option<IdToken>,
}

/// Who an access token stands for.
#[derive(Debug)]
pub struct UserInfo {
    /// The account.
    pub user_id: UserId,
    /// Its present e-mail address.
    pub email: Option<String>,
}

/// Why the token endpoint gave no token.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// `invalid_grant`: the code or the refresh token is dead. `error_subtype` tells session control from the rest.
    #[error("Google answers invalid_grant")]
    InvalidGrant {
        /// Whether the Google Workspace session control wants the user to sign in again.
        session_control: bool,
    },
    /// `invalid_client`, `unauthorized_client`, `redirect_uri_mismatch`, `deleted_client`: our configuration.
    #[error("Google does not accept our client: {0}")]
    ClientRejected(&'static str),
    /// `admin_policy_enforced`, `org_internal`: the account's organization forbids it.
    #[error("the account's organization does not allow this application")]
    BlockedByPolicy,
    /// The request surely did not arrive.
    #[error("Google cannot be reached")]
    NotSent,
    /// 408, 429, 5xx, or an error code that says the same.
    #[error("Google answers {status} for now")]
    ForNow {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` says.
        retry_after: Option<Duration>,
    },
    /// No answer in time, or the connection broke: the request may have arrived.
    #[error("Google does not answer in time")]
    NoAnswer,
    /// An answer that makes no sense, or an error that is none of the above.
    #[error("Google's answer makes no sense (status {status})")]
    Malformed {
        /// The HTTP status.
        status: u16,
    },
}
