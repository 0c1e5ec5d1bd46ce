//! The vault: connections with their tokens sealed to their owner, every write fenced by the generation that was read.

pub mod access_tokens;
mod consent;
mod ending;
mod envelope;
mod token_index;

use std::{sync::Arc, time::Duration};

pub use self::{consent::Consent, ending::Deleted};
use self::{envelope::Envelope, token_index::TokenIndexer};
use crate::domain::{
    authorization_server::TokenResponse,
    connection::{Connection, ConnectionStore, SealedAccessToken, StoreError, WriteError},
    data_key::{DataKey, DataKeys},
    random::Random,
    secret::{AccessToken, RefreshToken},
    time::{Clock, Timestamp},
    user_id::UserId,
};

/// An access token is not handed out in the last minutes of its life.
const ACCESS_TOKEN_MARGIN: Duration = Duration::from_mins(5);

/// The vault.
pub struct Vault {
    store: Arc<dyn ConnectionStore>,
    envelope: Envelope,
    indexer: TokenIndexer,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Why the vault did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The table or the key cannot be used at present.
    #[error("the vault cannot be used: {detail}")]
    Unavailable {
        /// What happened, for the log.
        detail: String,
        /// Whether it may go better in a moment.
        transient: bool,
    },
    /// What is stored does not open: it was sealed for another user or attribute, or is damaged.
    #[error("what is stored does not open for its owner")]
    DoesNotOpen,
    /// What was read is no longer what is stored.
    #[error("the connection changed meanwhile")]
    Conflict,
}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable { transient: error.transient, detail: error.to_string() }
    }
}

impl From<WriteError> for VaultError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Conflict => Self::Conflict,
            WriteError::Store(error) => error.into(),
        }
    }
}

impl Vault {
    /// The vault over a store and a source of data keys.
    pub fn new(
        store: Arc<dyn ConnectionStore>,
        data_keys: Arc<dyn DataKeys>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            envelope: Envelope::new(data_keys.clone(), clock.clone(), random.clone()),
            indexer: TokenIndexer::new(store.clone(), data_keys),
            store,
            clock,
            random,
        }
    }

    /// The connection of a user.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub async fn find(&self, user_id: &UserId) -> Result<Option<Connection>, VaultError> {
        Ok(self.store.find(user_id).await?)
    }

    /// Gets ready what storing a refresh token needs and no user has to wait for: to be run beside the exchange.
    pub async fn prepare(&self) {
        if let Err(error) = self.indexer.prepare().await {
            tracing::warn!(%error, "the token index is not ready yet; it is tried again when it is needed");
        }
    }

    /// The refresh token of a connection.
    ///
    /// # Errors
    /// If it does not open, or the key cannot be used.
    pub async fn refresh_token(&self, connection: &Connection) -> Result<RefreshToken, VaultError> {
        let key = self.envelope.key(connection).await?;
        envelope::open_refresh_token(&key, connection)
    }

    /// The shared access token of a connection, unless it is in its last minutes.
    ///
    /// # Errors
    /// If it does not open, or the key cannot be used.
    pub async fn access_token(&self, connection: &Connection) -> Result<Option<AccessToken>, VaultError> {
        match &connection.tokens.access_token {
            Some(token) if self.is_fresh(token.expires_at) => {
                let key = self.envelope.key(connection).await?;
                envelope::open_access_token(&key, &connection.user_id, &token.sealed).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The access token that this instance last saw of a user, if it can be had without asking anybody: to ask Gmail with
    /// while the store is asked whether the connection stands. What comes of it must not leave before the store has said so,
    /// and that the token is still the shared one.
    pub fn access_token_at_hand(&self, user_id: &UserId) -> Option<AccessToken> {
        let (token, expires_at) = self.envelope.access_token_at_hand(user_id)?;
        self.is_fresh(expires_at).then_some(token)
    }

    /// Forgets the access token at hand, for the user's connection does not stand or the session is over.
    pub fn forget_access_token(&self, user_id: &UserId) {
        self.envelope.forget(user_id);
    }

    /// Whether an access token with that end is not in its last minutes.
    fn is_fresh(&self, expires_at: Timestamp) -> bool {
        self.clock.now().after(ACCESS_TOKEN_MARGIN) < expires_at
    }

    /// Seals an access token under the data key of its connection.
    fn seal_access_token(
        &self,
        key: &DataKey,
        user_id: &UserId,
        tokens: &TokenResponse,
    ) -> Result<SealedAccessToken, VaultError> {
        Ok(SealedAccessToken {
            sealed: self.envelope.seal_access_token(key, user_id, &tokens.access_token)?,
            expires_at: self.clock.now().after(tokens.expires_in),
        })
    }
}
