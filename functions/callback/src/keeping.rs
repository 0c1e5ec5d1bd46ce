//! What becomes of the tokens: a new connection, the stored one renewed, or consent asked for again.

use shared::{
    domain::{
        authorization_server::{TokenResponse, UserInfo},
        connection::{Connection, Status},
        scope::Scopes,
        time::Timestamp,
    },
    front::unavailable,
    http::problem::{Kind, Problem},
    vault::{Consent, VaultError},
};

use super::{Attempt, Callback, Ending};

impl Callback {
    /// Stores the refresh token that came; or, if none came, keeps the stored connection, if it is usable.
    pub(crate) async fn keep(
        &self,
        account: &UserInfo,
        granted: &Scopes,
        tokens: &TokenResponse,
        minted_at: Timestamp,
        attempt: &Attempt<'_>,
    ) -> Result<Connection, Ending> {
        let consent = Consent {
            user_id: &account.user_id,
            email: account.email.as_deref(),
            client_id: &attempt.visit.values.client.client_id,
            scopes: granted.iter().map(str::to_owned).collect(),
            tokens,
            minted_at,
        };
        let kept = match &tokens.refresh_token {
            Some(refresh_token) => self.vault.connect(&consent, refresh_token, attempt.deadline).await.map(Some),
            None => self.renew(&consent, attempt).await,
        };
        match kept {
            Ok(Some(connection)) if connection.status == Status::Active => Ok(connection),
            Ok(None) if attempt.pending.consent_forced => Err(failed(Kind::NoRefreshToken.into(), account)),
            // Where one is given, a newer consent is stored and has ended: so has this one.
            Ok(Some(_) | None) => Err(Ending::AskForConsent(account.user_id.clone())),
            Err(error) => {
                tracing::error!(%error, "the connection could not be stored");
                Err(failed(unavailable(), account))
            }
        }
    }

    /// Renews the stored connection; `None` if there is no usable one.
    async fn renew(&self, consent: &Consent<'_>, attempt: &Attempt<'_>) -> Result<Option<Connection>, VaultError> {
        match self.vault.patiently("vault.renew", attempt.deadline, || self.try_renew(consent)).await {
            // What does not open is of no use: a new consent replaces it.
            Err(VaultError::DoesNotOpen) => Ok(None),
            renewed => renewed,
        }
    }

    async fn try_renew(&self, consent: &Consent<'_>) -> Result<Option<Connection>, VaultError> {
        let Some(stored) = self.vault.find(consent.user_id).await? else { return Ok(None) };
        let scopes: Scopes = stored.scopes.iter().cloned().collect();
        let covers = self.front.deployment.scopes.missing_from(&scopes).is_empty();
        if !covers || !stored.is_usable(consent.client_id, self.front.clock.now()) {
            return Ok(None);
        }
        self.vault.renew(&stored, consent).await.map(Some)
    }
}

fn failed(problem: Problem, account: &UserInfo) -> Ending {
    Ending::Failed(problem, Some(account.user_id.clone()))
}
