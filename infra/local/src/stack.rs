//! The whole stack in one process: emulators, what they hold at start, functions and gateway.

mod client_secret;
mod fault;
mod google;
mod settings;

use std::collections::BTreeMap;

use shared::{
    domain::random::{self, Random},
    function::Environment,
};
use tokio::{net::TcpListener, task::JoinHandle};

use self::client_secret::ClientSecret;
pub use self::{
    client_secret::ClientSecretError,
    fault::{Fault, NoFault},
    settings::{Settings, StackError},
};
use crate::{
    aws::{self, EmbeddedAws},
    event_source::EventSource,
    functions,
    gateway::{self, Gateway},
    google::EmulatedGoogle,
    landing,
};

/// The secret that holds `client_secret.json`.
pub const CLIENT_SECRET_ID: &str = "gmail-connect/client-secret";
/// The secret that the cookies' keys are derived from.
pub const COOKIE_KEY_SECRET_ID: &str = "gmail-connect/cookie-key";
/// The bus that is told what happened to connections.
pub const EVENT_BUS_NAME: &str = "gmail-connect";
/// The table of connections.
pub const CONNECTIONS_TABLE: &str = "gmail-connect-connections";

/// A running stack; it ends when it is dropped.
pub struct Stack {
    aws: EmbeddedAws,
    base_url: String,
    google: Option<EmulatedGoogle>,
    kept: bool,
    redirect_uris: Vec<String>,
    variables: BTreeMap<String, String>,
    servers: Vec<JoinHandle<()>>,
    event_source: Option<EventSource>,
}

impl Stack {
    /// Starts everything; when this returns, all of it answers.
    ///
    /// # Errors
    /// If a port, a file or a setting cannot be used.
    pub async fn start(settings: Settings) -> Result<Self, StackError> {
        let listener = if settings.emulators_only { None } else { Some(listen(settings.port, "--port").await?) };
        let port = listener.as_ref().and_then(|it| it.local_addr().ok()).map_or(settings.port, |it| it.port());
        let aws_listener = listen(settings.aws_port, "--aws-port").await?;
        let (clock, random) = (settings.clock.clone(), settings.random.clone());
        let options = aws::Options { file: settings.data.clone(), clock, random };
        let (aws, server) = EmbeddedAws::start(aws_listener, options)?;
        let mut stack = Self {
            aws,
            base_url: format!("http://localhost:{port}"),
            google: None,
            kept: settings.data.is_some(),
            redirect_uris: Vec::new(),
            variables: BTreeMap::new(),
            servers: vec![server],
            event_source: None,
        };
        let client_secret = match &settings.client_secret {
            Some(file) => ClientSecret::read(file)?,
            None => stack.start_google(&settings).await?,
        };
        let key = stack.furnish(&client_secret.text, &*settings.random)?;
        stack.redirect_uris = client_secret.redirect_uris;
        stack.variables = stack.environment(&key, &settings);
        stack.inject(&settings.faults)?;
        if let Some(listener) = listener {
            stack.start_functions(listener, &settings).await?;
        }
        Ok(stack)
    }

    /// Starts the emulated Google.
    async fn start_google(&mut self, settings: &Settings) -> Result<ClientSecret, StackError> {
        let listener = listen(settings.google_port, "--google-port").await?;
        let port = listener.local_addr().map_or(settings.google_port, |address| address.port());
        let origin = format!("http://localhost:{port}");
        let google = google::build(settings, &self.aws, origin, self.redirect_uri())?;
        let router = google.router();
        self.servers.push(tokio::spawn(async move {
            // axum's server ends with its task only: it tries again where accepting fails.
            let _ = axum::serve(listener, router).await;
        }));
        if self.kept {
            self.servers.push(tokio::spawn(google::keep(google.clone(), self.aws.clone())));
        }
        google.deliver_security_events_to(&format!("{}/security-events", self.base_url));
        let client_secret = google::client_secret(&google, self.redirect_uri());
        self.google = Some(google);
        Ok(client_secret)
    }

    /// Puts into the embedded AWS what a deployment finds there, and returns the key's ARN.
    fn furnish(&self, client_secret: &str, random: &dyn Random) -> Result<String, StackError> {
        self.aws.create_table(CONNECTIONS_TABLE)?;
        self.aws.event_bus().create(EVENT_BUS_NAME);
        if self.aws.secrets().current(CLIENT_SECRET_ID)?.as_deref() != Some(client_secret) {
            self.aws.secrets().put(CLIENT_SECRET_ID, client_secret)?;
        }
        if self.aws.secrets().current(COOKIE_KEY_SECRET_ID)?.is_none() {
            self.aws.secrets().put(COOKIE_KEY_SECRET_ID, &random::token(random)?)?;
        }
        if let Some(key) = self.aws.state("token-key")? {
            return Ok(key);
        }
        let key = self.aws.kms().create_key()?;
        self.aws.put_state("token-key", &key)?;
        Ok(key)
    }

    /// The functions' environment; the settings' variables go before what the stack says.
    fn environment(&self, key: &str, settings: &Settings) -> BTreeMap<String, String> {
        let mut variables = self.aws.variables();
        let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.to_owned());
        set("CLIENT_SECRET_ID", CLIENT_SECRET_ID);
        set("COOKIE_KEY_SECRET_ID", COOKIE_KEY_SECRET_ID);
        set("CONNECTIONS_TABLE", CONNECTIONS_TABLE);
        set("TOKEN_KMS_KEY_ID", key);
        set("EVENT_BUS_NAME", EVENT_BUS_NAME);
        set("PUBLIC_BASE_URL", &self.base_url);
        if let Some(units) = settings.gmail_quota {
            set("GMAIL_QUOTA_UNITS_PER_MINUTE", &units.to_string());
        }
        if let Some(origin) = self.google_origin() {
            set("GMAIL_BASE_URL", origin);
            set("GOOGLE_JWKS_URI", &format!("{origin}/oauth2/v3/certs"));
            set("GOOGLE_USERINFO_URI", &format!("{origin}/v1/userinfo"));
            set("GOOGLE_REVOKE_URI", &format!("{origin}/revoke"));
            set("GOOGLE_RISC_CONFIGURATION_URI", &format!("{origin}/.well-known/risc-configuration"));
        }
        variables.extend(settings.variables.clone());
        variables
    }

    async fn start_functions(&mut self, listener: TcpListener, settings: &Settings) -> Result<(), StackError> {
        self.aws.roles().deploy(&self.variables);
        let aws = self.aws.sdk_config();
        let environment = |function: &str| {
            let variables = self.variables.clone();
            Environment {
                lookup: Box::new(move |name| variables.get(name).cloned()),
                aws: aws::in_role_of(function, &aws),
                clock: settings.clock.clone(),
                random: settings.random.clone(),
            }
        };
        let functions = functions::connect(&environment).await?;
        let told = functions::of_stream(environment("connection-events")).await?;
        let source = EventSource::start(self.aws.clone(), CONNECTIONS_TABLE, told)?;
        self.event_source = Some(source);
        let options = gateway::Options::new(functions, settings.clock.clone(), settings.random.clone());
        let gateway = Gateway::new(options);
        let router = gateway.router().merge(landing::router(gateway));
        self.servers.push(tokio::spawn(Gateway::serve(listener, router)));
        Ok(())
    }

    fn inject(&self, faults: &[Fault]) -> Result<(), StackError> {
        for fault in faults {
            match fault {
                Fault::Aws { name, fault } => self.aws.faults().fail(name, fault.clone()),
                Fault::Google { endpoint, fault } => {
                    let google = self.google.as_ref().ok_or(StackError::RealGoogle)?;
                    google.faults().inject(*endpoint, fault.clone());
                }
            }
        }
        Ok(())
    }

    /// The embedded AWS.
    pub fn aws(&self) -> &EmbeddedAws {
        &self.aws
    }

    /// Where the gateway is, as a URL without a path.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where the emulated Google is, as a URL without a path; none with the real one.
    pub fn google_origin(&self) -> Option<&str> {
        self.google.as_ref().map(EmulatedGoogle::origin)
    }

    /// What invokes `connection-events`; none where the functions run elsewhere.
    pub fn event_source(&self) -> Option<&EventSource> {
        self.event_source.as_ref()
    }

    /// The emulated Google; none with the real one.
    pub fn google(&self) -> Option<&EmulatedGoogle> {
        self.google.as_ref()
    }

    /// The redirect URI of the functions.
    pub fn redirect_uri(&self) -> String {
        format!("{}/callback", self.base_url)
    }

    /// Whether the client's file lists the redirect URI, as Google will ask for.
    pub fn redirect_uri_is_registered(&self) -> bool {
        self.redirect_uris.contains(&self.redirect_uri())
    }

    /// The functions' environment.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
        if let (Some(google), true) = (&self.google, self.kept)
            && let Err(error) = google::save(google, &self.aws)
        {
            tracing::error!(%error, "the emulated Google's tokens were not kept");
        }
    }
}

/// Listens on the loopback address; port 0 is any that is free.
async fn listen(port: u16, option: &'static str) -> Result<TcpListener, StackError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|reason| StackError::Port { port, option, reason })
}
