//! One refresh, by whoever holds the lease: asks Google, and shares what comes of it.

use std::{sync::Arc, time::Duration};

use super::{AFTERWARDS, Access, AccessError, AccessTokens, RETRY_AFTER};
use crate::{
    domain::{
        authorization_server::{TokenError, TokenResponse},
        backoff::Backoff,
        connection::{Connection, Lease, SealedTokens, WriteError},
        oauth_client::OAuthClient,
        revocation::Reason,
    },
    function::Deadline,
    retry::{Again, Retry},
    secrets::SecretsError,
    telemetry::{Metric, count},
    vault::VaultError,
};

/// How long the caller waits until others know of the new token, too.
const SHARED_WITHIN: Duration = Duration::from_secs(2);

impl AccessTokens {
    /// Asks Google under the lease, and ends the lease whatever comes of it. `None`: the connection changed meanwhile,
    /// look again.
    pub(super) async fn refresh(
        &self,
        leased: Connection,
        owner: &str,
        client: Arc<OAuthClient>,
        deadline: Deadline,
    ) -> Result<Option<Access>, AccessError> {
        let answer = self.ask_google(&leased, owner, client, deadline).await;
        let failed = match answer {
            Ok(tokens) => return self.share(leased, owner, tokens, deadline).await,
            Err(Failed::Google(TokenError::InvalidGrant { session_control })) => {
                return self.grant_is_dead(&leased, session_control).await;
            }
            Err(Failed::Vault(VaultError::Conflict)) => return Ok(None),
            Err(failed) => failed,
        };
        match deadline.bound(self.vault.store.release(&leased, owner)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, "the lease could not be released; it ends by itself"),
            None => tracing::warn!("the lease could not be released in time; it ends by itself"),
        }
        Err(failed.into())
    }

    /// The refresh token grant, tried again while Google fails for now, and once more with a client secret that
    /// changed meanwhile. The lease is renewed before each try after the first.
    async fn ask_google(
        &self,
        leased: &Connection,
        owner: &str,
        client: Arc<OAuthClient>,
        deadline: Deadline,
    ) -> Result<TokenResponse, Failed> {
        let refresh_token = self.vault.refresh_token(leased).await?;
        count(Metric::Refreshes, 1);
        let (call, random) = ("google.token.refresh", &*self.vault.random);
        let retry = Retry { call, backoff: Backoff::TOKEN, deadline: deadline.before(AFTERWARDS), random };
        let (mut client, mut client_changed, mut tried) = (client, false, 0);
        loop {
            let error = match self.server.refresh(&client, &refresh_token, timeout(deadline)).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => error,
            };
            match (&error, Again::of_repeatable(&error)) {
                (TokenError::ClientRejected(_), _) if !client_changed => {
                    client = self.secrets.changed_client(&client).await?.ok_or(error)?;
                    client_changed = true;
                }
                (_, Again::After(retry_after)) => {
                    tried += 1;
                    self.lease_over(leased, owner, retry_after.filter(|wait| *wait < deadline.remaining())).await?;
                    if !retry.pause(tried, retry_after, &error).await {
                        return Err(error.into());
                    }
                }
                _ => return Err(error.into()),
            }
            self.lease_over(leased, owner, Some(Duration::ZERO)).await?;
        }
    }

    /// Renews the lease so that it lasts over a wait, if there is one.
    async fn lease_over(&self, leased: &Connection, owner: &str, wait: Option<Duration>) -> Result<(), VaultError> {
        let Some(wait) = wait else { return Ok(()) };
        let now = self.vault.clock.now();
        let lease = Lease::from(owner.to_owned(), now.after(wait));
        Ok(self.vault.store.lease(leased, &lease, now).await?)
    }

    /// Writes the new token for the others. If it can no longer be written, the connection decides what it is worth.
    async fn share(
        &self,
        leased: Connection,
        owner: &str,
        tokens: TokenResponse,
        deadline: Deadline,
    ) -> Result<Option<Access>, AccessError> {
        let key = self.vault.envelope.key(&leased).await?;
        let sealed = self.vault.seal_access_token(&key, &leased.user_id, &tokens)?;
        let now = self.vault.clock.now();
        let shared = self.vault.store.share_access_token(&leased, owner, &sealed, now);
        match tokio::time::timeout(SHARED_WITHIN.min(deadline.remaining()), shared).await {
            Ok(Ok(())) => {}
            Ok(Err(WriteError::Conflict)) => {
                if self.read_again(&leased).await?.generation != leased.generation {
                    return Ok(None);
                }
            }
            Ok(Err(WriteError::Store(error))) => tracing::warn!(%error, "the new access token could not be shared"),
            Err(_) => tracing::warn!("the new access token could not be shared in time"),
        }
        let sealed = SealedTokens { access_token: Some(sealed), ..leased.tokens };
        let connection = Connection { tokens: sealed, ..leased };
        Ok(Some(Access { token: tokens.access_token, connection }))
    }

    /// Google says `invalid_grant`. Another instance may have a newer token by now; only if not is the access over.
    async fn grant_is_dead(&self, leased: &Connection, session_control: bool) -> Result<Option<Access>, AccessError> {
        let stored = self.read_again(leased).await?;
        let has_newer = stored.generation != leased.generation
            || stored.tokens.access_token.as_ref().map(|token| &token.sealed)
                != leased.tokens.access_token.as_ref().map(|token| &token.sealed);
        if has_newer {
            return Ok(None);
        }
        let reason = if session_control { Reason::SessionControl } else { Reason::InvalidGrant };
        match self.vault.mark_revoked(leased, &reason).await {
            Ok(_) => Err(AccessError::ReauthorizationRequired { reason: reason.to_string() }),
            Err(VaultError::Conflict) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// How long one request may take: half of the time that there is, where that is short.
fn timeout(deadline: Deadline) -> Duration {
    Lease::REQUEST_TIMEOUT.min(deadline.before(AFTERWARDS).remaining().max(deadline.remaining() / 2))
}

/// Why Google gave no token, or why it could not be asked.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Google(#[from] TokenError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<Failed> for AccessError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Google(TokenError::ClientRejected(code)) => Self::ClientRejected(code),
            Failed::Google(TokenError::BlockedByPolicy) => Self::BlockedByPolicy,
            Failed::Google(TokenError::ForNow { retry_after: Some(retry_after), .. }) => {
                Self::GoogleUnavailable { retry_after }
            }
            Failed::Google(_) => Self::GoogleUnavailable { retry_after: RETRY_AFTER },
            Failed::Secrets(error) => error.into(),
            Failed::Vault(error) => error.into(),
        }
    }
}
