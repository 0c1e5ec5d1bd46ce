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
    ///
    /// # Errors
    /// If the store cannot be used until the deadline.
    pub async fn revoke(
        &self,
        user_id: &UserId,
        reason: &Reason,
        is_concerned: impl Fn(&Connection) -> bool + Sync,
        deadline: Deadline,
    ) -> Result<Option<Connection>, VaultError> {
        let attempt = || async {
            let Some(connection) = self.find(user_id).await? else { return Ok(None) };
            if is_concerned(&connection) {
                return self.mark_revoked(&connection, reason).await.map(Some);
            }
            Ok(Some(connection))
        };
        self.patiently("vault.revoke", deadline, attempt).await
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
    /// it has another refresh token by now.
    ///
    /// # Errors
    /// If the store cannot be used until the deadline.
    pub async fn delete(&self, read: &Connection, deadline: Deadline) -> Result<Deleted, VaultError> {
        let attempt = || async {
            let Some(stored) = self.find(&read.user_id).await? else { return Ok(Deleted::Gone) };
            if stored.tokens.refresh_token != read.tokens.refresh_token {
                return Ok(Deleted::Replaced);
            }
            self.store.delete(&stored, &self.index_of(&stored).await?).await?;
            Ok(Deleted::Gone)
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
            let Some(key) = self.indexer.entry(identifier).await? else { return Ok(None) };
            let Some(user_id) = self.store.indexed(&key).await? else { return Ok(None) };
            let Some(connection) = self.find(&user_id).await? else { return Ok(None) };
            match self.refresh_token(&connection).await {
                // The entry may be that of a token that was replaced.
                Ok(token) => Ok(self.indexer.index_of_stored(&token).await?.0.contains(&key).then_some(connection)),
                Err(VaultError::DoesNotOpen) => Ok(None),
                Err(error) => Err(error),
            }
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
