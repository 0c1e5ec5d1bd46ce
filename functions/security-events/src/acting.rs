//! What is done about each event.

use shared::{
    domain::{
        connection::{Connection, Status},
        revocation::{Reason, concerns, sessions_until},
        security_event::{SecurityEvent, TokenIdentifier},
        time::Timestamp,
        user_id::UserId,
    },
    function::Deadline,
    vault::VaultError,
};

use super::SecurityEvents;

/// How much of what others wrote goes into the log.
const MAX_LOGGED: usize = 256;

impl SecurityEvents {
    /// Does what an event asks for. One about a user or a token that we do not have asks for nothing.
    pub(crate) async fn act(
        &self,
        event: &SecurityEvent,
        issued_at: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<(), VaultError> {
        match event {
            SecurityEvent::SessionsRevoked(user_id) => {
                tracing::info!(%user_id, "Google ended the user's sessions; ours end too");
                self.end_sessions(user_id, issued_at, deadline).await
            }
            SecurityEvent::TokensRevoked(user_id) => {
                self.revoke(user_id, &Reason::TokensRevoked, issued_at, deadline).await
            }
            SecurityEvent::TokenRevoked(identifier) => self.revoke_token(identifier, deadline).await,
            SecurityEvent::AccountDisabled { user_id, reason } => {
                let reason = Reason::account_disabled(reason.as_deref());
                self.end_sessions(user_id, issued_at, deadline).await?;
                self.revoke(user_id, &reason, issued_at, deadline).await
            }
            SecurityEvent::AccountEnabled(user_id) => {
                tracing::info!(%user_id, "Google enabled the account again");
                Ok(())
            }
            SecurityEvent::CredentialChangeRequired(user_id) => {
                tracing::warn!(%user_id, "Google wants the account's credentials to be changed");
                Ok(())
            }
            SecurityEvent::Verification { state } => {
                tracing::info!(state = excerpt(state.as_deref().unwrap_or_default()), "Google verifies this endpoint");
                Ok(())
            }
            SecurityEvent::Other { event_type } => {
                tracing::warn!(event_type = excerpt(event_type), "Google sent an event that is not acted on");
                Ok(())
            }
        }
    }

    async fn end_sessions(
        &self,
        user_id: &UserId,
        issued_at: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<(), VaultError> {
        self.vault.end_sessions(user_id, sessions_until(issued_at, self.clock.now()), deadline).await
    }

    /// The access ended, unless the user has consented again since.
    async fn revoke(
        &self,
        user_id: &UserId,
        reason: &Reason,
        issued_at: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<(), VaultError> {
        let is_concerned = |connection: &Connection| {
            connection.status == Status::Active && concerns(issued_at, connection.mints.last().copied())
        };
        let connection = self.vault.revoke(user_id, None, reason, is_concerned, deadline).await?;
        let status = connection.as_ref().map(|connection| connection.status.parts().0.as_str());
        tracing::info!(%user_id, event = %reason, status, "Google says that the access ended");
        Ok(())
    }

    async fn revoke_token(&self, identifier: &TokenIdentifier, deadline: Deadline) -> Result<(), VaultError> {
        let Some(found) = self.vault.find_by_token(identifier, deadline).await? else {
            tracing::info!("Google revoked a token that is not stored, or no longer");
            return Ok(());
        };
        let (user_id, refresh_token) = (found.user_id.clone(), found.tokens.refresh_token.clone());
        let is_same = |connection: &Connection| {
            connection.status == Status::Active && connection.tokens.refresh_token == refresh_token
        };
        self.vault.revoke(&user_id, Some(found), &Reason::TokenRevoked, is_same, deadline).await?;
        tracing::info!(%user_id, "Google says that the token was revoked");
        Ok(())
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(MAX_LOGGED).collect()
}
