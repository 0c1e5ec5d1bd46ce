//! The end of a connection. Each step leaves something that says what happened, and can be taken again.

use std::time::Duration;

use serde_json::json;
use shared::{
    caller::{Caller, Refusal, vault_problem},
    domain::{
        backoff::Backoff,
        connection::{Connection, Status},
        revocation::{DAMAGED, Reason, is_disconnection},
        secret::RefreshToken,
    },
    front::Visit,
    function::Deadline,
    http::Response,
    retry::{Again, Retry},
    vault::{Deleted, VaultError},
};

use super::ConnectionFunction;

/// How long Google is asked for, all tries together.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(5);

impl ConnectionFunction {
    /// Marks the connection revoked, so that from here on nobody gets an access token by it; revokes the grant at Google,
    /// if Google can be reached; deletes what is stored. Broken off anywhere, the next one takes it to the end.
    pub(crate) async fn disconnect(
        &self,
        caller: &Caller,
        connection: &Connection,
        visit: &Visit<'_>,
        deadline: Deadline,
    ) -> Result<Response, Refusal> {
        let ended = self.end(caller, connection, deadline).await;
        let (revoked_at_google, deleted) = ended.map_err(|error| vault_problem(&error))?;
        if deleted == Deleted::Replaced {
            tracing::info!("a newer consent has replaced the connection meanwhile");
        }
        let response = Response::json("ok", json!({ "revoked_at_google": revoked_at_google }).to_string());
        Ok(match (caller, deleted) {
            (Caller::Browser(_), Deleted::Gone) => response.with_cookie(visit.jar().end_session()),
            // A newer consent may have given this browser another session.
            (Caller::Browser(_), Deleted::Replaced) | (Caller::Backend(_), _) => response,
        })
    }

    async fn end(
        &self,
        caller: &Caller,
        connection: &Connection,
        deadline: Deadline,
    ) -> Result<(bool, Deleted), VaultError> {
        let reason = match caller {
            Caller::Browser(_) => Reason::DisconnectedByUser,
            Caller::Backend(_) => Reason::Disconnected,
        };
        let is_same = |stored: &Connection| stored.tokens.refresh_token == connection.tokens.refresh_token;
        let is_concerned = |stored: &Connection| is_same(stored) && !is_marked(stored);
        let (user_id, known) = (&connection.user_id, Some(connection.clone()));
        let stored = self.vault.revoke(user_id, known, &reason, is_concerned, deadline).await?;
        if stored.as_ref().is_some_and(|stored| !is_same(stored)) {
            // To revoke the older token would end the whole grant, and the newer one with it.
            return Ok((false, Deleted::Replaced));
        }
        let refresh_token =
            self.vault.patiently("vault.refresh_token", deadline, || self.vault.refresh_token(connection));
        let revoked_at_google = match refresh_token.await {
            Ok(refresh_token) => self.revoke_at_google(&refresh_token, deadline).await,
            Err(VaultError::DoesNotOpen) => {
                tracing::error!("the refresh token does not open and cannot be revoked at Google");
                false
            }
            Err(error) => return Err(error),
        };
        let deleted = self.vault.delete(stored.as_ref().unwrap_or(connection), deadline).await?;
        Ok((revoked_at_google, deleted))
    }

    /// Whether Google says that the token is dead.
    async fn revoke_at_google(&self, refresh_token: &RefreshToken, deadline: Deadline) -> bool {
        // The rest of the time is for the deletion.
        let deadline = Deadline::after((deadline.remaining() / 2).min(PATIENCE));
        let retry = Retry { call: "google.revoke", backoff: Backoff::TOKEN, deadline, random: &*self.front.random };
        let timeout = || TIMEOUT.min(deadline.remaining());
        let revoked = retry.run(Again::of_repeatable, || self.server.revoke(refresh_token, timeout())).await;
        if let Err(error) = &revoked {
            tracing::error!(%error, "the grant could not be revoked at Google; what is stored of it is deleted all the same");
        }
        revoked.is_ok()
    }
}

/// Whether nobody gets an access token any more, and it says why: a disconnection has begun before, or the row is damaged
/// and cannot be marked.
fn is_marked(connection: &Connection) -> bool {
    matches!(&connection.status, Status::Revoked { reason } if is_disconnection(reason) || reason == DAMAGED)
}
