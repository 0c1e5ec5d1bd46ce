//! What the functions that work with connections are made of: the front, the vault behind it, and Google.

use std::{sync::Arc, time::Duration};

use futures_util::future::join;

use crate::{
    aws::{connections::DynamoDbConnections, data_keys::KmsDataKeys, secret_store::SecretsManager},
    config::{BadVariable, GoogleEndpoints, Storage},
    domain::authorization_server::AuthorizationServer,
    front::Front,
    function::Environment,
    google::{authorization_server::GoogleAuthorizationServer, http},
    secrets::Secrets,
    vault::Vault,
};

/// How long the start may wait for the secrets; Lambda allows ten seconds for all of it.
const INIT: Duration = Duration::from_secs(3);

/// The parts that those functions share.
pub struct Backend {
    /// The deployment, its secrets and its browsers.
    pub front: Front,
    /// The connections.
    pub vault: Arc<Vault>,
    /// Google as an authorization server.
    pub server: Arc<dyn AuthorizationServer>,
    /// The HTTP client for the rest of Google.
    pub http: reqwest::Client,
    /// Where the rest of Google is.
    pub endpoints: GoogleEndpoints,
}

impl Backend {
    /// Connects the parts to their environment.
    ///
    /// # Errors
    /// If a variable is missing or bad.
    pub async fn connect(environment: &Environment) -> Result<Self, BadVariable> {
        let variables = environment.variables();
        let (endpoints, storage) = (GoogleEndpoints::read(&variables)?, Storage::read(&variables)?);
        let http = http::client()?;
        // The rest is got ready while the secrets are under way.
        let (front, vault) = join(Front::connect(environment), async { vault(environment, storage) }).await;
        Ok(Self {
            front: front?,
            vault: Arc::new(vault),
            server: Arc::new(GoogleAuthorizationServer::new(http.clone(), &endpoints)),
            http,
            endpoints,
        })
    }
}

/// The deployment's connections.
pub fn vault(environment: &Environment, storage: Storage) -> Vault {
    Vault::new(
        Arc::new(DynamoDbConnections::new(&environment.aws, storage.table)),
        Arc::new(KmsDataKeys::new(&environment.aws, storage.kms_key_id)),
        environment.clock.clone(),
        environment.random.clone(),
    )
}

/// The deployment's secrets, read already if they can be. If they cannot, the first request tries again.
pub async fn secrets(
    environment: &Environment,
    client_secret_id: String,
    cookie_key_secret_id: Option<String>,
) -> Arc<Secrets> {
    let store = Arc::new(SecretsManager::new(&environment.aws));
    let secrets = Secrets::new(store, environment.clock.clone(), client_secret_id, cookie_key_secret_id);
    match tokio::time::timeout(INIT, secrets.values()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(%error, "the secrets cannot be used yet"),
        Err(_) => tracing::error!("the secrets cannot be read yet: no answer in time"),
    }
    Arc::new(secrets)
}
