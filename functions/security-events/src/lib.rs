//! `POST /security-events`: Google tells that an access was withdrawn, or that something happened to an account
//! ([Cross-Account Protection](https://developers.google.com/identity/protocols/risc),
//! [RFC 8935](https://www.rfc-editor.org/rfc/rfc8935)).
//!
//! Anyone can send anything here. What Google has not signed reaches neither the store nor, by itself, Google.

mod acting;
mod delivery;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use shared::{
    aws::seen_events::DynamoDbSeenEvents,
    backend,
    config::{BadVariable, Deployment, GoogleEndpoints, Storage},
    domain::{
        security_event::{Refused, SecurityEventToken, SeenEvents},
        time::Clock,
    },
    front::{secrets_problem, unavailable},
    function::{Deadline, Environment, Function},
    google::{
        http,
        security_event_tokens::{SecurityEventTokens, TokenRefused},
    },
    http::{Request, Response, route::Route},
    secrets::Secrets,
    vault::{Vault, VaultError},
};

use self::delivery::Delivery;

const EVENTS: Route = Route::new("POST /security-events");

/// How long an event is remembered. Google repeats one for days at most.
const REMEMBERED_FOR: Duration = Duration::from_hours(30 * 24);

/// The function.
pub struct SecurityEvents {
    tokens: SecurityEventTokens,
    secrets: Arc<Secrets>,
    seen: Arc<dyn SeenEvents>,
    vault: Vault,
    clock: Arc<dyn Clock>,
}

impl SecurityEvents {
    /// Connects the function to its environment.
    ///
    /// # Errors
    /// If a variable is missing or bad.
    pub async fn connect(environment: Environment) -> Result<Self, BadVariable> {
        let variables = environment.variables();
        let (deployment, endpoints) = (Deployment::read(&variables)?, GoogleEndpoints::read(&variables)?);
        let storage = Storage::read(&variables)?;
        let clock = environment.clock.clone();
        Ok(Self {
            tokens: SecurityEventTokens::new(http::client()?, endpoints.risc_configuration, clock.clone()),
            secrets: backend::secrets(&environment, deployment.client_secret_id, None).await,
            seen: Arc::new(DynamoDbSeenEvents::new(&environment.aws, storage.table.clone())),
            vault: backend::vault(&environment, storage),
            clock,
        })
    }

    async fn receive(&self, request: &Request, deadline: Deadline) -> Result<Delivery, Response> {
        let token = delivery::token(request).map_err(|refused| delivery::refusal(&refused.into()))?;
        let token = self.verify(token, deadline).await?;
        self.act_once(&token, deadline).await.map_err(|error| {
            tracing::error!(%error, "the event is not taken; Google sends it again");
            unavailable().to_response()
        })
    }

    /// The token, if Google made it for our client. Nothing of ours is read before it is known to be Google's. If it is for
    /// another client, ours may have changed meanwhile.
    async fn verify(&self, token: &str, deadline: Deadline) -> Result<SecurityEventToken, Response> {
        let refused = |refused| {
            tracing::warn!(error = %refused, "the security event is not believed");
            delivery::refusal(&refused)
        };
        let secrets = |error| secrets_problem(&error).to_response();
        let signed = self.tokens.verify(token).await.map_err(refused)?;
        let values = deadline.bound(self.secrets.values()).await.ok_or_else(|| unavailable().to_response())?;
        match signed.read(&values.map_err(secrets)?.client.client_id) {
            Err(TokenRefused::Claims(Refused::Audience)) => {
                let values = self.secrets.values_after_rotation().await.map_err(secrets)?;
                signed.read(&values.client.client_id).map_err(refused)
            }
            read => read.map_err(refused),
        }
    }

    /// Acts on the events of a token unless that was done before, and then remembers it. Where it is broken off, Google
    /// sends it again; to act twice does no harm.
    async fn act_once(&self, token: &SecurityEventToken, deadline: Deadline) -> Result<Delivery, VaultError> {
        if self.seen.is_seen(&token.jti, self.clock.now()).await? {
            return Ok(Delivery::Repeat);
        }
        for event in &token.events {
            self.act(event, token.issued_at, deadline).await?;
        }
        self.seen.remember(&token.jti, self.clock.now().after(REMEMBERED_FOR)).await?;
        Ok(Delivery::Accepted)
    }
}

#[async_trait]
impl Function for SecurityEvents {
    fn name(&self) -> &'static str {
        env!("CARGO_PKG_NAME")
    }

    fn routes(&self) -> &'static [Route] {
        &[EVENTS]
    }

    async fn handle(&self, _: &'static Route, request: &Request, deadline: Deadline) -> Response {
        let received = deadline.bound(self.receive(request, deadline)).await;
        match received.unwrap_or_else(|| Err(unavailable().to_response())) {
            Ok(delivery) => delivery.to_response(),
            Err(response) => response,
        }
    }

    async fn upkeep(&self) {
        self.secrets.refresh().await;
    }
}
