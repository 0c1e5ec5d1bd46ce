//! Who consented: by the ID token, or else by the userinfo endpoint.

use std::time::Duration;

use shared::{
    domain::{
        authorization_server::{TokenResponse, UserInfo},
        backoff::Backoff,
        id_token::{Claims, Expected},
        secret::IdToken,
        user_id::UserId,
    },
    google::keys::IdTokenError,
    http::problem::{Kind, Problem},
    retry::{Again, Retry},
};

use super::{Attempt, Callback};

/// How long one request for userinfo may take.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Callback {
    /// The account that consented.
    pub(crate) async fn identify(&self, tokens: &TokenResponse, attempt: &Attempt<'_>) -> Result<UserInfo, Problem> {
        let claims = match &tokens.id_token {
            Some(id_token) => Some(self.verify(id_token, attempt).await?),
            None => None,
        };
        let by_id_token = claims
            .and_then(|claims| Some(UserInfo { user_id: UserId::parse(claims.sub.as_deref()?)?, email: claims.email }));
        match by_id_token {
            Some(account) => Ok(account),
            None => self.ask_userinfo(tokens, attempt).await.ok_or_else(|| Kind::NoUserId.into()),
        }
    }

    async fn verify(&self, id_token: &IdToken, attempt: &Attempt<'_>) -> Result<Claims, Problem> {
        let expected = Expected {
            client_id: &attempt.visit.values.client.client_id,
            nonce: &attempt.pending.nonce,
            now: self.front.clock.now(),
        };
        let again = |error: &IdTokenError| match error {
            IdTokenError::NoKeys(_) => Again::After(None),
            IdTokenError::Claim(_) | IdTokenError::Signature(_) => Again::No,
        };
        let retry = self.retry("google.jwks", attempt);
        let verified = retry.run(again, || self.keys.verify(id_token, &expected));
        let verified = attempt.deadline.bound(verified).await;
        verified.unwrap_or(Err(IdTokenError::NoKeys("no answer before the deadline"))).map_err(|error| {
            tracing::error!(%error, "the ID token is not believed");
            match error {
                IdTokenError::NoKeys(_) => Kind::GoogleFailedCallback.into(),
                IdTokenError::Claim(_) | IdTokenError::Signature(_) => Kind::InvalidIdToken.into(),
            }
        })
    }

    async fn ask_userinfo(&self, tokens: &TokenResponse, attempt: &Attempt<'_>) -> Option<UserInfo> {
        let timeout = || TIMEOUT.min(attempt.deadline.remaining());
        let ask = || self.server.user_info(&tokens.access_token, timeout());
        let asked = self.retry("google.userinfo", attempt).run(Again::of_repeatable, ask).await;
        asked.inspect_err(|error| tracing::error!(%error, "the userinfo endpoint does not say who consented")).ok()?
    }

    pub(crate) fn retry(&self, call: &'static str, attempt: &Attempt<'_>) -> Retry<'_> {
        Retry { call, backoff: Backoff::TOKEN, deadline: attempt.deadline, random: &*self.front.random }
    }
}
