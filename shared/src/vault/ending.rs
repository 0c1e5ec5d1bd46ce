//! How a connection ends, or its sessions do: each write is fenced by what was read, and made again on what is there by
//! then, until it holds.

use std::time::Duration;

use super::{Vault, VaultError};
use crate::{
    domain::{
        connection::{Connection, Page, Place, Status, StatusWord},
        revocation::Reason,
        security_event::TokenIdentifier,
        time::Timestamp,
        user_id::UserId,
    },
    function::Deadline,
};

/// What became of a deletion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deleted {
    /// The connection is gone.
    Gone,
    /// A newer consent has taken its place meanwhile, and stays.
    Replaced,
}

impl Vault {
    /// Marks a user's connection revoked, if there is one and it is concerned; gives the connection as it is afterwards.
    /// One that is known, because it was just read, is read again only if it changed meanwhile.
    ///
    /// # Errors
    /// If the store cannot be used until the deadline.
    pub async fn revoke(
        &self,
        user_id: &UserId,
        known: Option<Connection>,
        reason: &Reason,
        is_concerned: impl Fn(&Connection) -> bool + Sync,
        deadline: Deadline,
    ) -> Result<Option<Connection>, VaultError> {
        let (mut known, is_concerned) = (known, &is_concerned);
        let attempt = || {
            let known = known.take();
            async move {
                let Some(connection) = self.or_find(known, user_id).await? else { return Ok(None) };
                if is_concerned(&connection) {
                    return self.mark_revoked(&connection, reason).await.map(Some);
                }
                Ok(Some(connection))
            }
        };
        self.patiently("vault.revoke", deadline, attempt).await
    }

    /// What was just read, at the first attempt; what is stored by now, at every other one.
    async fn or_find(&self, known: Option<Connection>, user_id: &UserId) -> Result<Option<Connection>, VaultError> {
        if known.is_some() { Ok(known) } else { self.find(user_id).await }
    }

    /// Marks a connection revoked as it was read; gives it as it is then.
    ///
    /// # Errors
    /// If it changed meanwhile, or the store cannot be used.
    pub(super) async fn mark_revoked(&self, read: &Connection, reason: &Reason) -> Result<Connection, VaultError> {
        let now = self.clock.now();
        self.store.mark_revoked(read, reason, now).await?;
        let reason = reason.to_string();
        tracing::warn!(reason, "the connection is revoked");
        let mut revoked = Connection {
            status: Status::Revoked { reason },
            generation: read.generation.saturating_add(1),
            updated_at: now,
            lease: None,
            ..read.clone()
        };
        revoked.tokens.access_token = None;
        Ok(revoked)
    }

    /// Ends the sessions of a user that were issued until then.
    ///
    /// # Errors
    /// If the store cannot be used until the deadline.
    pub async fn end_sessions(&self, user_id: &UserId, until: Timestamp, deadline: Deadline) -> Result<(), VaultError> {
        // One that was issued in that very millisecond ends too.
        let valid_after = until.after(Duration::from_millis(1));
        let attempt = || async {
            let Some(connection) = self.find(user_id).await? else { return Ok(()) };
            if connection.sessions_valid_after >= valid_after {
                return Ok(());
            }
            Ok(self.store.end_sessions(&connection, valid_after).await?)
        };
        self.patiently("vault.end_sessions", deadline, attempt).await
    }

    /// Deletes a connection and the index of its refresh token. One that changed meanwhile is deleted all the same, unless
    /// it has another refresh token by now; it is read again only then.
    ///
    /// # Errors
    /// If the store cannot be used until the deadline.
    pub async fn delete(&self, read: &Connection, deadline: Deadline) -> Result<Deleted, VaultError> {
        let mut known = Some(read.clone());
        let attempt = || {
            let known = known.take();
            async move {
                let Some(stored) = self.or_find(known, &read.user_id).await? else { return Ok(Deleted::Gone) };
                if stored.tokens.refresh_token != read.tokens.refresh_token {
                    return Ok(Deleted::Replaced);
                }
                self.store.delete(&self.with_index(stored).await?).await?;
                self.envelope.forget(&read.user_id);
                Ok(Deleted::Gone)
            }
        };
        self.patiently("vault.delete", deadline, attempt).await
    }

    /// The connection whose stored refresh token is the one that Google names.
    ///
    /// # Errors
    /// If the store or the key cannot be used until the deadline.
    pub async fn find_by_token(
        &self,
        identifier: &TokenIdentifier,
        deadline: Deadline,
    ) -> Result<Option<Connection>, VaultError> {
        let attempt = || async {
            let Some(hash) = self.indexer.hash(identifier).await? else { return Ok(None) };
            let Some(user_id) = self.store.indexed(&hash).await? else { return Ok(None) };
            let Some(connection) = self.find(&user_id).await? else { return Ok(None) };
            // The entry may be that of a token that was replaced.
            let connection = self.with_index(connection).await?;
            Ok(connection.token_index.0.contains(&hash).then_some(connection))
        };
        self.patiently("vault.find_by_token", deadline, attempt).await
    }

    /// The connections of a status, by their `user_id`, after one of them; as they were a moment ago.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub async fn page(&self, status: StatusWord, after: Option<&Place>, limit: u32) -> Result<Page, VaultError> {
        Ok(self.store.page(status, after, limit).await?)
    }
}
