//! Access tokens: shared by all instances through the connection, refreshed by one of them at a time.
//!
//! Whoever finds the token in its last minutes takes the lease and asks Google; the others wait for the result and
//! take over if the owner dies. What Google answers is written only over the generation that was read, so a slow
//! refresh never brings back a connection that was revoked, replaced or deleted meanwhile.

mod leases;
mod refresh;

use std::{sync::Arc, time::Duration};

use self::leases::{Leases, Turn};
use super::{Vault, VaultError};
use crate::{
    domain::{
        authorization_server::AuthorizationServer,
        connection::{Connection, Lease, Status, WriteError},
        oauth_client::OAuthClient,
        random::NoRandomness,
        revocation::{ANOTHER_CLIENT, DOES_NOT_OPEN, Reason},
        secret::AccessToken,
    },
    function::Deadline,
    secrets::{Secrets, SecretsError},
    telemetry::{Metric, count},
};

/// How long those who wait for another's refresh sleep between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What is kept of the time for ending a lease and saying what happened.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// What a caller is told to wait when Google has trouble and does not say for how long.
pub const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// There is no connection any more.
    #[error("there is no connection")]
    NotFound,
    /// The access has ended: the user must consent again.
    #[error("the access has ended: {reason}")]
    ReauthorizationRequired {
        /// Why: the connection's `status_reason`, or a word for what is wrong with it.
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

impl From<NoRandomness> for AccessError {
    fn from(error: NoRandomness) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<VaultError> for AccessError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::DoesNotOpen => Self::ReauthorizationRequired { reason: DOES_NOT_OPEN.to_owned() },
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
    leases: Leases,
}

impl AccessTokens {
    /// Access tokens of the vault's connections, refreshed at that server.
    pub fn new(vault: Arc<Vault>, server: Arc<dyn AuthorizationServer>, secrets: Arc<Secrets>) -> Self {
        Self { vault, server, secrets, leases: Leases::default() }
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
            if !self.is_usable(&connection, &client).await? {
                connection = self.read_again(&connection).await?;
                continue;
            }
            let shared = self.vault.access_token(&connection).await?;
            if let Some(token) = shared.filter(|token| rejected.is_none_or(|rejected| !rejected.is_same_as(token))) {
                count(Metric::AccessTokenCacheHits, 1);
                return Ok(Access { token, connection });
            }
            if let Some(turn) = self.take_lease(&connection).await? {
                if let Some(access) = self.refresh(connection.clone(), turn.owner(), client, deadline).await? {
                    return Ok(access);
                }
            } else if deadline.remaining() < AFTERWARDS {
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
        match self.vault.mark_revoked(&rejected.connection, &Reason::AccessTokenRejected).await {
            Ok(_) => Err(AccessError::ReauthorizationRequired { reason: Reason::AccessTokenRejected.to_string() }),
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

    /// Whether the connection may bring an access token; one whose time is over is marked revoked. `false`: it changed
    /// meanwhile, look again.
    async fn is_usable(&self, connection: &Connection, client: &OAuthClient) -> Result<bool, AccessError> {
        let reason = match &connection.status {
            Status::Revoked { reason } => reason.clone(),
            Status::Active if connection.is_over(self.vault.clock.now()) => {
                match self.vault.mark_revoked(connection, &Reason::Expired).await {
                    Ok(_) => Reason::Expired.to_string(),
                    Err(VaultError::Conflict) => return Ok(false),
                    Err(error) => return Err(error.into()),
                }
            }
            Status::Active if connection.client_id != client.client_id => ANOTHER_CLIENT.to_owned(),
            Status::Active => return Ok(true),
        };
        Err(AccessError::ReauthorizationRequired { reason })
    }

    async fn read_again(&self, connection: &Connection) -> Result<Connection, AccessError> {
        self.vault.find(&connection.user_id).await?.ok_or(AccessError::NotFound)
    }

    /// Takes the lease; `None` if another holds it or was quicker. One that this instance took, and that nobody here acts
    /// under any more, is ended first: it was left behind where the store gave no answer. The new one has another owner, so
    /// that what is still on its way in the old one's name does not meet it.
    async fn take_lease(&self, connection: &Connection) -> Result<Option<Turn<'_>>, AccessError> {
        let now = self.vault.clock.now();
        if let Some(held) = connection.lease.as_ref().filter(|lease| lease.is_held(now)) {
            if !self.leases.were_left(&held.owner) {
                return Ok(None);
            }
            if let Err(WriteError::Store(error)) = self.vault.store.release(connection, &held.owner).await {
                return Err(VaultError::from(error).into());
            }
        }
        let turn = self.leases.begin(&*self.vault.random)?;
        let lease = Lease::from(turn.owner().to_owned(), now);
        match self.vault.store.lease(connection, &lease, now).await {
            Ok(()) => Ok(Some(turn)),
            Err(WriteError::Conflict) => {
                let stored = self.read_again(connection).await?.lease;
                Ok(stored.filter(|stored| stored.owner == lease.owner).map(|_| turn))
            }
            Err(WriteError::Store(error)) => Err(VaultError::from(error).into()),
        }
    }
}
