//! Access tokens: shared by all instances through the connection, refreshed by one of them at a time.
//!
//! Whoever finds the token in its last minutes takes the lease and asks Google; the others wait for the result and
//! take over if the owner dies. What Google answers is written only over the generation that was read, so a slow
//! refresh never brings back a connection that was revoked, replaced or deleted meanwhile.

use std::{sync::Arc, time::Duration};

use super::{Vault, VaultError};
use crate::{
    domain::{
        authorization_server::{AuthorizationServer, TokenError, TokenResponse},
        backoff::Backoff,
        connection::{Connection, Lease, SealedTokens, Status, WriteError},
        oauth_client::OAuthClient,
        random,
        secret::AccessToken,
    },
    function::Deadline,
    retry::{Again, Retry},
    secrets::{Secrets, SecretsError},
};

/// How long those who wait for another's refresh sleep between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What a caller is told to wait when Google does not say.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// There is no connection any more.
    #[error("there is no connection")]
    NotFound,
    /// The access has ended: the user must consent again.
    #[error("the access has ended: {reason}")]
    ReauthorizationRequired {
        /// Why, for the log.
        reason: String,
    },
    /// Google does not accept our client.
    #[error("Google does not accept our OAuth client: {0}")]
    ClientRejected(&'static str),
    /// The account's organization forbids it.
    #[error("the account's organization does not allow this application")]
    BlockedByPolicy,
    /// Google does not answer as it should.
    #[error("Google gives no access token at present")]
    GoogleUnavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// Our own secrets cannot be used.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Our own store or key cannot be used.
    #[error("the vault cannot be used: {0}")]
    Unavailable(String),
}

impl From<VaultError> for AccessError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::DoesNotOpen => Self::ReauthorizationRequired { reason: error.to_string() },
            VaultError::Unavailable { .. } | VaultError::Conflict => Self::Unavailable(error.to_string()),
        }
    }
}

/// A token to list with, and the connection it comes from.
#[derive(Debug)]
pub struct Access {
    /// The token.
    pub token: AccessToken,
    /// The connection as it was when the token was read or refreshed.
    pub connection: Connection,
}

/// Hands out access tokens.
pub struct AccessTokens {
    vault: Arc<Vault>,
    server: Arc<dyn AuthorizationServer>,
    secrets: Arc<Secrets>,
}

impl AccessTokens {
    /// Access tokens of the vault's connections, refreshed at that server.
    pub fn new(vault: Arc<Vault>, server: Arc<dyn AuthorizationServer>, secrets: Arc<Secrets>) -> Self {
        Self { vault, server, secrets }
    }

    /// An access token of a connection that was just read: the shared one, or a new one if that is over or is the one
    /// that Gmail rejected.
    ///
    /// # Errors
    /// If there is none to be had before the deadline, and why.
    pub async fn obtain(
        &self,
        connection: Connection,
        rejected: Option<&AccessToken>,
        deadline: Deadline,
    ) -> Result<Access, AccessError> {
        let mut connection = connection;
        loop {
            let client = self.client_of(&connection).await?;
            self.check_usable(&connection, &client)?;
            let shared = self.vault.access_token(&connection).await?;
            if let Some(token) = shared.filter(|token| rejected.is_none_or(|rejected| !rejected.is_same_as(token))) {
                return Ok(Access { token, connection });
            }
            if let Some(lease) = self.take_lease(&connection).await? {
                let leased = Connection { lease: Some(lease.clone()), ..connection.clone() };
                if let Some(access) = self.refresh(leased, &lease.owner, client, deadline).await? {
                    return Ok(access);
                }
            } else if deadline.remaining() < LOOK_EVERY {
                return Err(AccessError::GoogleUnavailable { retry_after: RETRY_AFTER });
            } else {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            connection = self.read_again(&connection).await?;
        }
    }

    /// A new access token in place of one that Gmail rejected.
    ///
    /// # Errors
    /// If there is none to be had before the deadline, and why.
    pub async fn renew(&self, rejected: &Access, deadline: Deadline) -> Result<Access, AccessError> {
        let connection = self.read_again(&rejected.connection).await?;
        self.obtain(connection, Some(&rejected.token), deadline).await
    }

    /// Gmail rejected a token that was just refreshed too: the access has ended, and the connection is marked revoked.
    /// If it changed meanwhile, it is not, and what it has now is handed out.
    ///
    /// # Errors
    /// That the user must consent again, as a rule.
    pub async fn give_up(&self, rejected: &Access, deadline: Deadline) -> Result<Access, AccessError> {
        let reason = "access_token_rejected";
        match self.mark_revoked(&rejected.connection, reason).await {
            Ok(()) => Err(AccessError::ReauthorizationRequired { reason: reason.to_owned() }),
            Err(VaultError::Conflict) => self.renew(rejected, deadline).await,
            Err(error) => Err(error.into()),
        }
    }

    /// The OAuth client; read afresh where the connection was made with another one, which may be a newer one.
    async fn client_of(&self, connection: &Connection) -> Result<Arc<OAuthClient>, AccessError> {
        let client = self.secrets.values().await?.client.clone();
        if client.client_id == connection.client_id {
            return Ok(client);
        }
        Ok(self.secrets.values_after_rotation().await?.client.clone())
    }

    fn check_usable(&self, connection: &Connection, client: &OAuthClient) -> Result<(), AccessError> {
        if let Status::Revoked { reason } = &connection.status {
            return Err(AccessError::ReauthorizationRequired { reason: reason.clone() });
        }
        if connection.is_usable(&client.client_id, self.vault.clock.now()) {
            return Ok(());
        }
        let reason = "the refresh token is over or belongs to another OAuth client".to_owned();
        Err(AccessError::ReauthorizationRequired { reason })
    }

    async fn read_again(&self, connection: &Connection) -> Result<Connection, AccessError> {
        self.vault.find(&connection.user_id).await?.ok_or(AccessError::NotFound)
    }

    /// Takes the lease; `None` if another holds it or was quicker.
    async fn take_lease(&self, connection: &Connection) -> Result<Option<Lease>, AccessError> {
        if connection.lease.as_ref().is_some_and(|lease| lease.is_held(self.vault.clock.now())) {
            return Ok(None);
        }
        let owner = random::token(&*self.vault.random).map_err(|error| AccessError::Unavailable(error.to_string()))?;
        let lease = self.lease(owner);
        match self.vault.store.lease(connection, &lease, self.vault.clock.now()).await {
            Ok(()) => Ok(Some(lease)),
            Err(WriteError::Conflict) => {
                let stored = self.read_again(connection).await?.lease;
                Ok(stored.filter(|stored| stored.owner == lease.owner))
            }
            Err(WriteError::Store(error)) => Err(VaultError::from(error).into()),
        }
    }

    fn lease(&self, owner: String) -> Lease {
        Lease { owner, expires_at: self.vault.clock.now().after(Lease::LIFETIME) }
    }

    /// Asks Google under the lease, and ends the lease whatever comes of it. `None`: the connection changed meanwhile,
    /// look again.
    async fn refresh(
        &self,
        leased: Connection,
        owner: &str,
        client: Arc<OAuthClient>,
        deadline: Deadline,
    ) -> Result<Option<Access>, AccessError> {
        let answer = self.ask_google(&leased, owner, client, deadline).await;
        let failed = match answer {
            Ok(tokens) => return self.share(leased, owner, tokens).await,
            Err(Failed::Google(TokenError::InvalidGrant { session_control })) => {
                return self.grant_is_dead(&leased, session_control).await;
            }
            Err(Failed::Vault(VaultError::Conflict)) => return Ok(None),
            Err(failed) => failed,
        };
        if let Err(error) = self.vault.store.release(&leased, owner).await {
            tracing::warn!(%error, "the lease could not be released; it ends by itself");
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
        let retry =
            Retry { call: "google.token.refresh", backoff: Backoff::TOKEN, deadline, random: &*self.vault.random };
        let (mut client, mut client_changed, mut tried) = (client, false, 0);
        loop {
            let timeout = Lease::REQUEST_TIMEOUT.min(deadline.remaining());
            let error = match self.server.refresh(&client, &refresh_token, timeout).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => error,
            };
            match (&error, again(&error)) {
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
        let lease = Lease { owner: owner.to_owned(), expires_at: now.after(wait).after(Lease::LIFETIME) };
        Ok(self.vault.store.lease(leased, &lease, now).await?)
    }

    /// Writes the new token for the others. If it can no longer be written, the connection decides what it is worth.
    async fn share(
        &self,
        leased: Connection,
        owner: &str,
        tokens: TokenResponse,
    ) -> Result<Option<Access>, AccessError> {
        let sealed = self.vault.seal_access_token(&leased, &tokens).await?;
        let now = self.vault.clock.now();
        match self.vault.store.share_access_token(&leased, owner, &sealed, now).await {
            Ok(()) => {}
            Err(WriteError::Conflict) => {
                if self.read_again(&leased).await?.generation != leased.generation {
                    return Ok(None);
                }
            }
            Err(WriteError::Store(error)) => tracing::warn!(%error, "the new access token could not be shared"),
        }
        let sealed = SealedTokens { access_token: Some(sealed), ..leased.tokens };
        let connection = Connection { tokens: sealed, lease: None, ..leased };
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
        let reason = if session_control { "session_control" } else { "invalid_grant" };
        match self.mark_revoked(leased, reason).await {
            Ok(()) => Err(AccessError::ReauthorizationRequired { reason: reason.to_owned() }),
            Err(VaultError::Conflict) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn mark_revoked(&self, connection: &Connection, reason: &str) -> Result<(), VaultError> {
        self.vault.store.mark_revoked(connection, reason, self.vault.clock.now()).await?;
        tracing::warn!(reason, "the connection is revoked");
        Ok(())
    }
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

/// Whether a failed refresh is worth another try. A refresh token may be used more than once, so a lost answer is.
fn again(error: &TokenError) -> Again {
    match error {
        TokenError::ForNow { retry_after, .. } => Again::After(*retry_after),
        TokenError::NotSent | TokenError::NoAnswer => Again::After(None),
        TokenError::InvalidGrant { .. }
        | TokenError::ClientRejected(_)
        | TokenError::BlockedByPolicy
        | TokenError::Malformed { .. } => Again::No,
    }
}
