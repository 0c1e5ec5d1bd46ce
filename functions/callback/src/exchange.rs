//! The exchange of the code.

use std::time::Duration;

use shared::{
    domain::{
        authorization_server::{CodeGrant, TokenError, TokenResponse},
        oauth_client::OAuthClient,
        secret::{AuthorizationCode, CodeVerifier},
    },
    front::{blocked_by_policy, secrets_problem, unavailable},
    http::problem::{Kind, Problem},
    retry::Again,
};

use super::{Attempt, Callback};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Callback {
    /// Exchanges the code. If Google refuses our client, the secret is read afresh once, and if it changed, the
    /// exchange is tried once more.
    pub(crate) async fn exchange(
        &self,
        code: &AuthorizationCode,
        attempt: &Attempt<'_>,
    ) -> Result<TokenResponse, Problem> {
        let client = &attempt.visit.values.client;
        let redirect_uri = attempt.visit.redirect_uri()?;
        let code_verifier = CodeVerifier::new(&attempt.pending.code_verifier);
        let grant = CodeGrant { code, code_verifier: &code_verifier, redirect_uri: &redirect_uri };
        let mut result = self.exchange_as(client, &grant, attempt).await;
        if let Err(TokenError::ClientRejected(_)) = &result {
            let changed = attempt.deadline.bound(self.front.secrets.changed_client(client)).await;
            if let Some(client) = changed.ok_or_else(unavailable)?.map_err(|error| secrets_problem(&error))? {
                result = self.exchange_as(&client, &grant, attempt).await;
            }
        }
        result.map_err(|error| problem(&error))
    }

    async fn exchange_as(
        &self,
        client: &OAuthClient,
        grant: &CodeGrant<'_>,
        attempt: &Attempt<'_>,
    ) -> Result<TokenResponse, TokenError> {
        let timeout = || TIMEOUT.min(attempt.deadline.remaining());
        let exchange = || self.server.exchange_code(client, grant, timeout());
        self.retry("google.token.code", attempt).run(again, exchange).await
    }
}

/// Whether a failed exchange is worth another try with the same code: only where the code surely was not used up.
fn again(error: &TokenError) -> Again {
    match error {
        TokenError::NotSent => Again::After(None),
        TokenError::ForNow { retry_after, .. } => Again::After(*retry_after),
        TokenError::BlockedByPolicy
        | TokenError::ClientRejected(_)
        | TokenError::InvalidGrant { .. }
        | TokenError::Malformed { .. }
        | TokenError::NoAnswer => Again::No,
    }
}

/// What callers are told of a failed exchange.
fn problem(error: &TokenError) -> Problem {
    match error {
        TokenError::InvalidGrant { .. } => Kind::CodeRejected.into(),
        TokenError::ClientRejected(code) => {
            tracing::error!(
                code,
                "Google does not accept our OAuth client; check that the secret holds the client's present \
                 client_secret.json, and that its redirect URIs are those in Google's console"
            );
            Kind::Misconfigured.into()
        }
        TokenError::BlockedByPolicy => blocked_by_policy(),
        TokenError::NotSent | TokenError::ForNow { .. } | TokenError::NoAnswer | TokenError::Malformed { .. } => {
            tracing::error!(%error, "the code could not be exchanged");
            Kind::GoogleFailedCallback.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failed_exchange_has_its_outcome_and_is_retried_only_if_the_code_is_unused() {
        let for_now = TokenError::ForNow { status: 503, retry_after: None };
        for (error, kind, retried) in [
            (TokenError::InvalidGrant { session_control: false }, Kind::CodeRejected, false),
            (TokenError::ClientRejected("invalid_client"), Kind::Misconfigured, false),
            (TokenError::BlockedByPolicy, Kind::BlockedByPolicy, false),
            (TokenError::NotSent, Kind::GoogleFailedCallback, true),
            (for_now, Kind::GoogleFailedCallback, true),
            (TokenError::NoAnswer, Kind::GoogleFailedCallback, false),
            (TokenError::Malformed { status: 200 }, Kind::GoogleFailedCallback, false),
        ] {
            assert_eq!(problem(&error).kind, kind, "{error}");
            assert_eq!(again(&error) != Again::No, retried, "{error}");
        }
    }
}
