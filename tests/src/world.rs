//! The functions over an embedded AWS and an emulated Google, in one process, with a clock that a test moves.

#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a world that cannot be made, or does not answer as it must, has failed the test that stands on it"
)]

mod clock;
mod inspection;
mod instance;
mod making;
mod random;
mod visitor;
mod wired;

use std::{collections::BTreeMap, sync::Arc, thread};

use local::{
    aws::{self, EmbeddedAws},
    google::{Account, Decision, EmulatedGoogle},
};
use shared::{config::BadVariable, function::Environment};
use tokio::{net::TcpListener, task::JoinHandle};

pub use self::{
    clock::TestClock,
    inspection::connection_key,
    instance::Instance,
    random::TestRandom,
    visitor::{NAVIGATION, Visitor},
    wired::Wired,
};
use self::{
    instance::Surroundings,
    making::{emulated_google, furnish, quick, variables},
};
use crate::{answer::Answer, runtime_api::FunctionProcess};

/// Where browsers reach the functions.
pub const BASE_URL: &str = "https://mail.example.com";
/// The redirect URI, as it is registered.
pub const REDIRECT_URI: &str = "https://mail.example.com/callback";
/// The OAuth client of the functions.
pub const CLIENT_ID: &str = "100-mail.apps.googleusercontent.com";
/// Its secret.
pub const CLIENT_SECRET: &str = "GOCSPX-the-secret-of-the-tests";
/// Another OAuth client of the same Google.
pub const OTHER_CLIENT_ID: &str = "200-other.apps.googleusercontent.com";
/// The secret that holds `client_secret.json`.
pub const CLIENT_SECRET_ID: &str = "gmail-connect/client-secret";
/// The secret that the cookies' keys are derived from.
pub const COOKIE_KEY_SECRET_ID: &str = "gmail-connect/cookie-key";
/// What is in it at first.
pub const COOKIE_KEY: &str = "the first cookie key of the tests, which is long enough";
/// The table of connections.
pub const TABLE: &str = "gmail-connect-connections";
/// An account with a full mailbox.
pub const ANNA: &str = "anna.schmidt@example.com";
/// Another one.
pub const DAVID: &str = "david.cohen@example.com";
/// An account whose mailbox is empty.
pub const NOOR: &str = "new.here@example.com";
/// The scope that the functions ask for.
pub const READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";

/// How a world is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Variables over those of [`World::variables`]; an empty value unsets one.
    pub variables: Vec<(&'static str, String)>,
    /// The redirect URIs that the OAuth client has registered.
    pub redirect_uris: Vec<String>,
    /// How many messages a full mailbox has.
    pub mailbox_size: usize,
    /// Accounts beside the samples.
    pub accounts: Vec<Account>,
    /// Whether the OAuth client is in «Testing»: refresh tokens live 7 days.
    pub testing: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let redirect_uris = vec![REDIRECT_URI.to_owned()];
        Self { variables: Vec::new(), redirect_uris, mailbox_size: 30, accounts: Vec::new(), testing: false }
    }
}

impl Settings {
    /// The same settings with a variable.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Makes the world.
    pub async fn start(self) -> World {
        World::make(self).await
    }
}

/// Everything there is; it ends when it is dropped.
pub struct World {
    /// DynamoDB, Secrets Manager and KMS.
    pub aws: EmbeddedAws,
    /// Google.
    pub google: EmulatedGoogle,
    /// The time, also of AWS and Google.
    pub clock: Arc<TestClock>,
    /// Randomness of the functions.
    pub random: Arc<TestRandom>,
    /// The first instance of each function.
    pub instance: Arc<Instance>,
    /// A browser that the first instance serves.
    pub visitor: Visitor,
    variables: BTreeMap<String, String>,
    servers: Vec<JoinHandle<()>>,
}

impl World {
    /// A world as most tests want it.
    pub async fn start() -> Self {
        Settings::default().start().await
    }

    async fn make(settings: Settings) -> Self {
        // Whoever comes second finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (clock, random) = (Arc::new(TestClock::default()), Arc::new(TestRandom::default()));
        let options = aws::Options { file: None, clock: clock.clone(), random: random.clone() };
        let (aws, aws_server) = EmbeddedAws::start(loopback().await, options).unwrap();
        let listener = loopback().await;
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let google = emulated_google(&origin, &settings, &clock, &random);
        let google_server = tokio::spawn(serve(listener, google.clone()));
        let key = furnish(&aws, &google);
        let mut variables = variables(&aws, &origin, &key);
        variables.extend(settings.variables.into_iter().map(|(name, value)| (name.to_owned(), value)));
        aws.roles().deploy(&variables);
        let surroundings = Surroundings { aws: quick(&aws), clock: clock.clone(), random: random.clone() };
        let instance = Arc::new(Instance::connect(&surroundings, &variables).await.unwrap());
        let visitor = Visitor::new(instance.clone());
        Self { aws, google, clock, random, instance, visitor, variables, servers: vec![aws_server, google_server] }
    }

    /// Another instance of each function, which knows nothing of the first: also one that starts later.
    pub async fn another_instance(&self) -> Arc<Instance> {
        self.instance_with(&[]).await.unwrap()
    }

    /// Another instance of each function, with variables over those of the world; an empty value unsets one.
    ///
    /// # Errors
    /// If a variable is missing or bad.
    pub async fn instance_with(&self, variables: &[(&str, &str)]) -> Result<Arc<Instance>, BadVariable> {
        let all = self.deploy(variables);
        Ok(Arc::new(Instance::connect(&self.surroundings(), &all).await?))
    }

    /// A function's environment, with variables over those of the world; an empty value unsets one.
    pub fn environment(&self, function: &str, variables: &[(&str, &str)]) -> Environment {
        let all = self.deploy(variables);
        self.surroundings().environment(function, &all)
    }

    /// A function's own process, with variables over those of the world; an empty value unsets one.
    pub async fn process(&self, function: &str, variables: &[(&str, &str)]) -> FunctionProcess {
        FunctionProcess::of(function, &self.deploy(variables)).await
    }

    /// The functions' variables with those over them, which the roles refer to from now on, too.
    fn deploy(&self, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut all = self.variables.clone();
        all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.aws.roles().deploy(&all);
        all
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings { aws: quick(&self.aws), clock: self.clock.clone(), random: self.random.clone() }
    }

    /// The functions' environment, as a process of their own would have it; Lambda adds the credentials of its role.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// A browser without cookies.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.instance.clone())
    }

    /// The visitor asks for an authorization URL.
    pub async fn authorize(&self, query: &str) -> Answer {
        self.visitor.authorize(query).await
    }

    /// A user decides at Google; gives the URL that the browser is sent to.
    pub fn consent(&self, authorization_url: &str, decision: &Decision) -> String {
        self.google.consent(authorization_url, decision).unwrap()
    }

    /// The visitor begins an authorization, and Anna allows all of it; gives the URL that the browser is sent to.
    pub async fn consented(&self, query: &str) -> String {
        self.consent(&self.visitor.begin(query).await, &Decision::all(ANNA))
    }

    /// The visitor comes back.
    pub async fn callback(&self, location: &str) -> Answer {
        self.visitor.get(location).await
    }

    /// The visitor connects an account: authorization, consent to all, callback. Gives the session as `name=value`.
    pub async fn connect(&self, email: &str) -> String {
        let location = self.consent(&self.visitor.begin("").await, &Decision::all(email));
        let answer = self.callback(&location).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        format!("__Host-session={}", answer.cookie_value("__Host-session").unwrap())
    }
}

impl Drop for World {
    /// Every test holds the functions to their roles: a call that a role does not allow fails the test, also where the
    /// function did without it.
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
        if !thread::panicking() {
            assert_eq!(self.aws.roles().refused(), [""; 0], "calls that no role allows");
        }
    }
}

/// The subject of an account.
pub fn sub(email: &str) -> String {
    Account::samples(0).into_iter().find(|account| account.email == email).unwrap().sub
}

/// A loopback listener on a port of its own.
async fn loopback() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn serve(listener: TcpListener, google: EmulatedGoogle) {
    // axum's server ends with its task only: it tries again where accepting fails.
    let _ = axum::serve(listener, google.router()).await;
}
