//! The vault: connections with their tokens sealed to their owner, every write fenced by the generation that was read.

pub mod access_tokens;
mod envelope;
mod token_index;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use self::{envelope::Envelope, token_index::TokenIndexer};
use crate::{
    domain::{
        authorization_server::TokenResponse,
        backoff::Backoff,
        connection::{
            Connection, ConnectionStore, Replacement, SealedAccessToken, SealedTokens, Status, StoreError, TokenIndex,
            WriteError,
        },
        data_key::DataKeys,
        random::Random,
        secret::{AccessToken, RefreshToken},
        time::{Clock, Timestamp},
        user_id::UserId,
    },
    function::Deadline,
    retry::{Again, Retry},
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

impl VaultError {
    /// The deadline came first.
    pub fn late() -> Self {
        Self::Unavailable { detail: "no answer before the deadline".into(), transient: true }
    }
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

/// What a consent brought.
#[derive(Debug)]
pub struct Consent<'a> {
    /// Whose account it is.
    pub user_id: &'a UserId,
    /// Its e-mail address, if we were told.
    pub email: Option<&'a str>,
    /// The client that the tokens belong to.
    pub client_id: &'a str,
    /// What the user allowed.
    pub scopes: BTreeSet<String>,
    /// The tokens.
    pub tokens: &'a TokenResponse,
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

    /// Stores the tokens of a consent as the user's connection, in place of the one that was there, if any. Tried
    /// again while there is time: a refresh token that is lost here cannot be had a second time.
    ///
    /// # Errors
    /// If the store or the key cannot be used until the deadline.
    pub async fn connect(
        &self,
        consent: &Consent<'_>,
        refresh_token: &RefreshToken,
        deadline: Deadline,
    ) -> Result<Connection, VaultError> {
        let retry = Retry { call: "vault.connect", backoff: Backoff::STORE, deadline, random: &*self.random };
        let again = |error: &VaultError| match error {
            VaultError::Unavailable { transient: true, .. } | VaultError::Conflict => Again::After(None),
            _ => Again::No,
        };
        let connected = retry.run(again, || self.try_connect(consent, refresh_token));
        deadline.bound(connected).await.unwrap_or_else(|| Err(VaultError::late()))
    }

    async fn try_connect(&self, consent: &Consent<'_>, refresh_token: &RefreshToken) -> Result<Connection, VaultError> {
        let (read, new_index, tokens) = futures_util::try_join!(
            async { Ok(self.store.find(consent.user_id).await?) },
            self.indexer.index(refresh_token),
            self.seal(consent, refresh_token),
        )?;
        let connection = self.connection(consent, tokens, read.as_ref());
        let old_index = self.old_index(read.as_ref()).await;
        let change = Replacement { read: read.as_ref(), old_index: &old_index, new_index: &new_index };
        match self.store.put(&connection, &change).await {
            Err(WriteError::Conflict) if self.is_stored(&connection).await? => Ok(connection),
            written => Ok(written.map(|()| connection)?),
        }
    }

    /// Whether a write that was answered with a conflict is stored after all: its first answer was lost.
    async fn is_stored(&self, connection: &Connection) -> Result<bool, StoreError> {
        let stored = self.store.find(&connection.user_id).await?;
        Ok(stored.is_some_and(|stored| stored.tokens.refresh_token == connection.tokens.refresh_token))
    }

    async fn seal(&self, consent: &Consent<'_>, refresh_token: &RefreshToken) -> Result<SealedTokens, VaultError> {
        let new = self.envelope.new_key(consent.user_id).await?;
        let access_token = &consent.tokens.access_token;
        Ok(SealedTokens {
            refresh_token: self.envelope.seal_refresh_token(&new.key, consent.user_id, refresh_token)?,
            access_token: Some(SealedAccessToken {
                sealed: self.envelope.seal_access_token(&new.key, consent.user_id, access_token)?,
                expires_at: self.clock.now().after(consent.tokens.expires_in),
            }),
            data_key: new.wrapped,
        })
    }

    fn connection(&self, consent: &Consent<'_>, tokens: SealedTokens, read: Option<&Connection>) -> Connection {
        let now = self.clock.now();
        Connection {
            user_id: consent.user_id.clone(),
            email: consent.email.map(str::to_owned),
            client_id: consent.client_id.to_owned(),
            scopes: consent.scopes.clone(),
            status: Status::Active,
            tokens,
            refresh_token_expires_at: consent.tokens.refresh_token_expires_in.map(|life| now.after(life)),
            connected_at: read.map_or(now, |read| read.connected_at),
            updated_at: now,
            generation: next_generation(read, now),
            sessions_valid_after: read.map_or(now, |read| valid_after(read, now)),
            lease: None,
        }
    }

    /// The index of the refresh token that is replaced. Where that does not open, its entries stay: whoever finds one
    /// compares it with the token that is stored.
    async fn old_index(&self, read: Option<&Connection>) -> TokenIndex {
        let Some(read) = read else { return TokenIndex::default() };
        let Ok(old) = self.refresh_token(read).await else { return TokenIndex::default() };
        self.indexer.index(&old).await.unwrap_or_default()
    }

    /// Keeps a connection whose refresh token still stands, with the access token, scopes and address of a new
    /// consent.
    ///
    /// # Errors
    /// If what is stored does not open, changed meanwhile, or the store cannot be used.
    pub async fn renew(&self, read: &Connection, consent: &Consent<'_>) -> Result<Connection, VaultError> {
        self.refresh_token(read).await?;
        let key = self.envelope.key(read).await?;
        let access_token = SealedAccessToken {
            sealed: self.envelope.seal_access_token(&key, &read.user_id, &consent.tokens.access_token)?,
            expires_at: self.clock.now().after(consent.tokens.expires_in),
        };
        let connection = Connection {
            email: consent.email.map(str::to_owned).or_else(|| read.email.clone()),
            scopes: consent.scopes.clone(),
            tokens: SealedTokens { access_token: Some(access_token), ..read.tokens.clone() },
            updated_at: self.clock.now(),
            lease: None,
            ..read.clone()
        };
        let none = TokenIndex::default();
        self.store.put(&connection, &Replacement { read: Some(read), old_index: &none, new_index: &none }).await?;
        Ok(connection)
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
        let now = self.clock.now();
        match &connection.tokens.access_token {
            Some(token) if now.after(ACCESS_TOKEN_MARGIN) < token.expires_at => {
                let key = self.envelope.key(connection).await?;
                envelope::open_access_token(&key, connection, &token.sealed).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Seals an access token for its connection.
    ///
    /// # Errors
    /// If the key cannot be used.
    async fn seal_access_token(
        &self,
        connection: &Connection,
        token: &TokenResponse,
    ) -> Result<SealedAccessToken, VaultError> {
        let key = self.envelope.key(connection).await?;
        Ok(SealedAccessToken {
            sealed: self.envelope.seal_access_token(&key, &connection.user_id, &token.access_token)?,
            expires_at: self.clock.now().after(token.expires_in),
        })
    }
}

/// From when on sessions count: as before; or from now, where a damaged row does not say.
fn valid_after(read: &Connection, now: Timestamp) -> Timestamp {
    if read.sessions_valid_after.unix_millis() > 0 { read.sessions_valid_after } else { now }
}

/// The generation of a new refresh token: one more than that of the connection it replaces; for a new connection the
/// time in milliseconds, so that it is not one that a deleted connection of the same user had.
fn next_generation(read: Option<&Connection>, now: Timestamp) -> u64 {
    let first = u64::try_from(now.unix_millis()).unwrap_or(1);
    read.map_or(first, |read| read.generation.saturating_add(1))
}
