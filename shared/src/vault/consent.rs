//! What a consent brings, and how it becomes the user's connection.

use std::{collections::BTreeSet, time::Duration};

use tokio::sync::OnceCell;

use super::{Vault, VaultError};
use crate::{
    domain::{
        authorization_server::TokenResponse,
        backoff::Backoff,
        connection::{Connection, SealedTokens, Status, TokenIndex},
        revocation::is_disconnection,
        secret::RefreshToken,
        time::Timestamp,
        user_id::UserId,
    },
    function::Deadline,
    retry::{self, Again, Retry},
};

/// How far two consents of one user are apart at least, for their order to be known.
const APART: Duration = Duration::from_secs(1);

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
    /// When Google was asked for them.
    pub minted_at: Timestamp,
}

impl Vault {
    /// Stores the tokens of a consent as the user's connection, in place of the one that was there, if any; unless that is
    /// of a newer consent, which stays: it is given then. Tried
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
        let sealed = OnceCell::new();
        // What was tried again before, shall not be at the expense of a token that Google gives once.
        let stored = self.patiently("vault.connect", deadline, || self.try_connect(consent, refresh_token, &sealed));
        retry::budgeted(stored).await
    }

    /// Works with the vault until it succeeds, fails for good, or the deadline comes: what changed meanwhile or cannot be
    /// used for now is tried again.
    ///
    /// # Errors
    /// That of the last attempt.
    pub async fn patiently<T: Send, F>(
        &self,
        call: &'static str,
        deadline: Deadline,
        attempt: impl FnMut() -> F + Send,
    ) -> Result<T, VaultError>
    where
        F: Future<Output = Result<T, VaultError>> + Send,
    {
        let again = |error: &VaultError| match error {
            VaultError::Unavailable { transient: true, .. } | VaultError::Conflict => Again::After(None),
            VaultError::Unavailable { transient: false, .. } | VaultError::DoesNotOpen => Again::No,
        };
        let retry = Retry { call, backoff: Backoff::STORE, deadline, random: &*self.random };
        let late = || VaultError::Unavailable { detail: "no answer before the deadline".into(), transient: true };
        deadline.bound(retry.run(again, attempt)).await.unwrap_or_else(|| Err(late()))
    }

    /// What is sealed already, by an earlier attempt, is not sealed again.
    async fn try_connect(
        &self,
        consent: &Consent<'_>,
        refresh_token: &RefreshToken,
        sealed: &OnceCell<SealedTokens>,
    ) -> Result<Connection, VaultError> {
        let (read, token_index, tokens) = futures_util::try_join!(
            self.find_with_index(consent.user_id),
            self.indexer.index(refresh_token),
            sealed.get_or_try_init(|| self.seal(consent, refresh_token)),
        )?;
        // Equal indexes: an earlier attempt has stored it, and its answer was lost.
        let stays = |read: &&Connection| read.token_index == token_index || is_newer(read, consent);
        if let Some(read) = read.as_ref().filter(stays) {
            return Ok(read.clone());
        }
        let connection = Connection { token_index, ..self.connection(consent, tokens.clone(), read.as_ref()) };
        self.store.put(&connection, read.as_ref()).await?;
        Ok(connection)
    }

    async fn seal(&self, consent: &Consent<'_>, refresh_token: &RefreshToken) -> Result<SealedTokens, VaultError> {
        let new = self.envelope.new_key(consent.user_id).await?;
        Ok(SealedTokens {
            refresh_token: self.envelope.seal_refresh_token(&new.key, consent.user_id, refresh_token)?,
            access_token: Some(self.seal_access_token(&new.key, consent.user_id, consent.tokens)?),
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
            token_index: TokenIndex::default(),
            refresh_token_expires_at: consent.tokens.refresh_token_expires_in.map(|life| consent.minted_at.after(life)),
            connected_at: read.map_or(now, |read| read.connected_at),
            updated_at: now,
            used_at: now,
            mints: read
                .map_or_else(|| vec![consent.minted_at], |read| read.mints_with(consent.client_id, consent.minted_at)),
            generation: next_generation(read, now),
            sessions_valid_after: read.map_or(now, |read| valid_after(read, now)),
            lease: None,
        }
    }

    async fn find_with_index(&self, user_id: &UserId) -> Result<Option<Connection>, VaultError> {
        match self.store.find(user_id).await? {
            Some(read) => self.with_index(read).await.map(Some),
            None => Ok(None),
        }
    }

    /// The connection with the index of its refresh token, also where its record does not say. Where the token does not
    /// open either, it has none, and its entries stay: whoever finds one compares it with what is stored.
    pub(super) async fn with_index(&self, read: Connection) -> Result<Connection, VaultError> {
        if read.token_index != TokenIndex::default() {
            return Ok(read);
        }
        let token_index = match self.refresh_token(&read).await {
            Ok(token) => self.indexer.index_of_stored(&token).await?,
            Err(VaultError::DoesNotOpen) => TokenIndex::default(),
            Err(error) => return Err(error),
        };
        Ok(Connection { token_index, ..read })
    }

    /// Keeps a connection whose refresh token still stands, with the access token, scopes and address of a new
    /// consent.
    ///
    /// # Errors
    /// If what is stored does not open, changed meanwhile, or the store cannot be used.
    pub async fn renew(&self, read: &Connection, consent: &Consent<'_>) -> Result<Connection, VaultError> {
        self.refresh_token(read).await?;
        let key = self.envelope.key(read).await?;
        let access_token = self.seal_access_token(&key, &read.user_id, consent.tokens)?;
        let now = self.clock.now();
        let connection = Connection {
            email: consent.email.map(str::to_owned).or_else(|| read.email.clone()),
            scopes: consent.scopes.clone(),
            tokens: SealedTokens { access_token: Some(access_token), ..read.tokens.clone() },
            updated_at: now,
            used_at: now,
            lease: None,
            ..read.clone()
        };
        self.store.put(&connection, Some(read)).await?;
        Ok(connection)
    }
}

/// Whether a stored connection is of a consent that the user gave after this one, which was slow to arrive.
fn is_newer(read: &Connection, consent: &Consent<'_>) -> bool {
    let newer = |mint: &Timestamp| *mint > consent.minted_at.after(APART);
    read.client_id == consent.client_id && read.mints.last().is_some_and(newer)
}

/// From when on sessions count: as before; or from now, where a damaged row does not say, or a disconnection was broken off
/// before it ended them.
fn valid_after(read: &Connection, now: Timestamp) -> Timestamp {
    let disconnected = matches!(&read.status, Status::Revoked { reason } if is_disconnection(reason));
    if disconnected || read.sessions_valid_after.unix_millis() <= 0 { now } else { read.sessions_valid_after }
}

/// The generation of a new refresh token: one more than that of the connection it replaces; where there is none, or a
/// damaged one that does not say, the time in milliseconds, so that it is not one that this user had before.
fn next_generation(read: Option<&Connection>, now: Timestamp) -> u64 {
    match read {
        Some(read) if read.generation > 0 => read.generation.saturating_add(1),
        _ => u64::try_from(now.unix_millis()).unwrap_or(1),
    }
}
