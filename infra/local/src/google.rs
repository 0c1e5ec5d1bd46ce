//! An emulated Google for the local stack and the tests: accounts with sample mail, the authorization and token
//! endpoints, JWKS, userinfo, revocation, the Gmail API and security events, as strict as Google is.
//!
//! Everything lives in memory. Time and randomness come in, every request is recorded, and any answer can be made to
//! fail through [`Faults`].

mod account;
mod authorization;
mod authorization_request;
mod authorization_response;
mod certs;
mod configuration;
mod connections;
mod consent;
mod controls;
mod endpoint;
mod faults;
mod front;
mod gmail;
mod grants;
mod id_token;
mod keys;
mod language;
mod pages;
mod records;
mod revoke;
mod risc;
mod scopes;
mod security_events;
mod service_account;
mod token;
mod token_failure;
mod userinfo;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router, middleware,
    routing::{get, post},
};
use shared::domain::{
    random::{NoRandomness, Random, token},
    time::Clock,
};
use tokio::sync::watch;

pub use self::{
    account::{Account, OAuthClient},
    consent::{ConsentError, Decision, Granted},
    controls::InvalidSnapshot,
    endpoint::Endpoint,
    faults::{Effect, Fault, Faults, GmailError, IdTokenFault, InvalidFault, Stop, When},
    keys::InvalidKey,
    records::RecordedRequest,
    risc::StreamTrouble,
    security_events::{Delivery, DisabledReason, Outcome, SecurityEvent, TokenName},
};
use self::{
    gmail::Gmail, grants::Grants, keys::Keys, records::Records, risc::Risc, security_events::Deliveries,
    service_account::ServiceAccount,
};

/// The issuer that ID tokens name, whatever address the emulator has.
pub const ISSUER: &str = "https://accounts.google.com";

/// The id of the one project.
const PROJECT: &str = "emulated-google";

/// What an emulated Google is made of.
pub struct Options {
    /// Where it is reached, without a path: `http://127.0.0.1:4001`.
    pub origin: String,
    /// The registered web applications.
    pub clients: Vec<OAuthClient>,
    /// The Google accounts, all signed in on every browser.
    pub accounts: Vec<Account>,
    /// Whether the application is «External» and «Testing»: refresh tokens live 7 days.
    pub testing: bool,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes codes and tokens.
    pub random: Arc<dyn Random>,
}

/// The emulated Google. Clones are the same Google.
#[derive(Clone)]
pub struct EmulatedGoogle(Arc<Inner>);

struct Inner {
    origin: String,
    accounts: Vec<Account>,
    testing: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    keys: Keys,
    clients: Mutex<Vec<OAuthClient>>,
    grants: Mutex<Grants>,
    gmail: Gmail,
    service_account: ServiceAccount,
    risc: Risc,
    deliveries: Deliveries,
    faults: Faults,
    records: Records,
    changes: watch::Sender<()>,
}

impl EmulatedGoogle {
    /// An emulated Google in which nobody has granted anything yet.
    ///
    /// # Errors
    /// If a key of the emulator cannot be read.
    pub fn new(options: Options) -> Result<Self, InvalidKey> {
        let gmail = Gmail::new(&options.accounts, options.clock.now());
        Ok(Self(Arc::new(Inner {
            origin: options.origin,
            accounts: options.accounts,
            testing: options.testing,
            clock: options.clock,
            random: options.random,
            keys: Keys::new()?,
            clients: Mutex::new(options.clients),
            grants: Mutex::default(),
            gmail,
            service_account: ServiceAccount::new()?,
            risc: Risc::default(),
            deliveries: Deliveries::default(),
            faults: Faults::default(),
            records: Records::default(),
            changes: watch::Sender::default(),
        })))
    }

    /// Where it is reached, without a path.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// All of Google's routes, on one origin.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/o/oauth2/v2/auth", get(authorization::start).post(authorization::answer))
            .route("/token", post(token::token))
            .route("/oauth2/v3/certs", get(certs::certs))
            .route("/v1/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
            .route("/revoke", post(revoke::revoke))
            .route("/.well-known/openid-configuration", get(configuration::openid))
            .route("/.well-known/risc-configuration", get(configuration::risc))
            .route("/connections", get(connections::show).post(connections::change))
            .route("/service-account.json", get(service_account::file))
            .route("/v1beta/stream", get(risc::show))
            .route("/v1beta/stream:update", post(risc::update))
            .route("/v1beta/stream:verify", post(risc::verify))
            .route("/v1beta/stream/status", get(risc::show_status))
            .route("/v1beta/stream/status:update", post(risc::update_status))
            .route("/gmail/v1/{*path}", get(gmail::single))
            .route("/batch/gmail/v1", post(gmail::batch))
            .layer(middleware::from_fn_with_state(self.clone(), front::receive))
            .with_state(self.clone())
    }

    fn account(&self, hint: &str) -> Option<&Account> {
        self.0.accounts.iter().find(|account| account.sub == hint || account.email.eq_ignore_ascii_case(hint))
    }

    fn client(&self, client_id: &str) -> Option<OAuthClient> {
        lock(&self.0.clients).iter().find(|client| client.client_id == client_id).cloned()
    }

    fn grants(&self) -> MutexGuard<'_, Grants> {
        lock(&self.0.grants)
    }

    /// A fresh code or token: the prefix, and as many times 43 characters.
    fn mint(&self, prefix: &str, times: usize) -> Result<String, NoRandomness> {
        let mut minted = prefix.to_owned();
        for _ in 0..times {
            minted.push_str(&token(self.0.random.as_ref())?);
        }
        Ok(minted)
    }
}

impl fmt::Debug for EmulatedGoogle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatedGoogle").field("origin", &self.0.origin).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
