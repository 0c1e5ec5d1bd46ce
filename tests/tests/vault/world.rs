//! One table, one Google, one clock, and as many instances of a function as a test wants.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::{SdkConfig, retry::RetryConfig};
use local::{
    aws::{EmbeddedAws, Options},
    google::{Account, Decision, EmulatedGoogle, Endpoint, OAuthClient},
};
use reqwest::Client;
use serde_json::Value;
use shared::{
    aws::{connections::DynamoDbConnections, data_keys::KmsDataKeys, secret_store::SecretsManager},
    config::{GoogleEndpoints, Variables},
    domain::{
        authorization_server::{AuthorizationServer, CodeGrant, TokenResponse},
        connection::Connection,
        mailbox::{Mailbox, MessageQuery, PageRequest},
        random::{NoRandomness, Random, SystemRandomness},
        secret::{AccessToken, AuthorizationCode, CodeVerifier},
        time::{Clock, Timestamp},
        user_id::UserId,
    },
    function::Deadline,
    google::{authorization_server::GoogleAuthorizationServer, gmail::GmailMailbox, http},
    secrets::Secrets,
    vault::{
        Consent, Vault,
        access_tokens::{Access, AccessError, AccessTokens},
    },
};
pub(super) use tests::PATIENCE;
use tokio::net::TcpListener;
use url::Url;

pub(super) const TABLE: &str = "connections";
pub(super) const CLIENT_ID: &str = "app";
pub(super) const CLIENT_SECRET: &str = "the-secret-of-the-app";
pub(super) const ANNA: &str = "anna.schmidt@example.com";
pub(super) const DAVID: &str = "david.cohen@example.com";

/// Longer than an access token lives.
pub(super) const TOKEN_LIFE: Duration = Duration::from_hours(1);

const CLIENT_SECRET_ID: &str = "client-secret";
const COOKIE_KEY_ID: &str = "cookie-key";
const REDIRECT_URI: &str = "https://app.example.com/callback";
const SCOPE: &str = "openid email https://www.googleapis.com/auth/gmail.readonly";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A clock that only moves when it is told to.
pub(super) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub(super) fn pass(&self, duration: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.after(duration);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The system's randomness, but waits with jitter are over at once: their four bytes are zeros.
#[derive(Default)]
struct NoJitter(SystemRandomness);

impl Random for NoJitter {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        if buffer.len() == 4 {
            buffer.fill(0);
            return Ok(());
        }
        self.0.fill(buffer)
    }
}

pub(super) struct World {
    pub(super) aws: EmbeddedAws,
    pub(super) google: EmulatedGoogle,
    pub(super) clock: Arc<TestClock>,
    origin: String,
    http: Client,
    kms_key: String,
}

impl World {
    pub(super) async fn start() -> Self {
        let http = http::client().unwrap();
        let clock = Arc::new(TestClock(Mutex::new(Timestamp::parse("2026-11-22T10:00:00Z").unwrap())));
        let (google, origin) = google(clock.clone()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = Options { file: None, clock: clock.clone(), random: Arc::new(SystemRandomness::default()) };
        let (aws, _) = EmbeddedAws::start(listener, options).unwrap();
        aws.create_table(TABLE).unwrap();
        let kms_key = aws.kms().create_key().unwrap();
        let world = Self { aws, google, clock, origin, http, kms_key };
        world.store_client_secret();
        world.aws.secrets().put(COOKIE_KEY_ID, "a cookie key of at least 32 characters").unwrap();
        world
    }

    /// Puts the client's file, as Google hands it out now, into Secrets Manager.
    pub(super) fn store_client_secret(&self) {
        let file = self.google.client_secret_file(CLIENT_ID).unwrap().to_string();
        self.aws.secrets().put(CLIENT_SECRET_ID, &file).unwrap();
    }

    /// An instance of a function, which shares nothing with the others but the table and the keys.
    pub(super) fn instance(&self) -> Instance {
        let config = self.sdk_config();
        let random = Arc::new(NoJitter::default());
        let store = Arc::new(DynamoDbConnections::new(&config, TABLE.to_owned()));
        let keys = Arc::new(KmsDataKeys::new(&config, self.kms_key.clone()));
        let vault = Arc::new(Vault::new(store, keys, self.clock.clone(), random));
        let secrets = Arc::new(Secrets::new(
            Arc::new(SecretsManager::new(&config)),
            self.clock.clone(),
            CLIENT_SECRET_ID.to_owned(),
            Some(COOKIE_KEY_ID.to_owned()),
        ));
        let tokens = Arc::new(AccessTokens::new(vault.clone(), Arc::new(self.server()), secrets.clone()));
        Instance { vault, tokens, secrets, clock: self.clock.clone() }
    }

    /// As in production, but for the time-outs: a call may stand before a gate for a while.
    fn sdk_config(&self) -> SdkConfig {
        let quick = RetryConfig::standard()
            .with_max_attempts(3)
            .with_initial_backoff(Duration::from_millis(10))
            .with_max_backoff(Duration::from_millis(50));
        self.aws.sdk_config().to_builder().retry_config(quick).build()
    }

    pub(super) fn server(&self) -> GoogleAuthorizationServer {
        let lookup = |name: &str| match name {
            "GOOGLE_USERINFO_URI" => Some(self.url("/v1/userinfo").into()),
            "GOOGLE_REVOKE_URI" => Some(self.url("/revoke").into()),
            _ => None,
        };
        GoogleAuthorizationServer::new(self.http.clone(), &GoogleEndpoints::read(&Variables::new(&lookup)).unwrap())
    }

    pub(super) fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.origin).parse().unwrap()
    }

    /// Fresh tokens of an account whose user consents to everything.
    pub(super) async fn consent(&self, email: &str) -> TokenResponse {
        let parameters = [
            ("client_id", CLIENT_ID),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("access_type", "offline"),
            ("prompt", "consent"),
            ("state", "state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(self.url("/o/oauth2/v2/auth").as_str(), parameters).unwrap();
        let back = self.google.consent(url.as_str(), &Decision::all(email)).unwrap();
        let back = Url::parse(&back).unwrap();
        let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let grant = CodeGrant {
            code: &AuthorizationCode::new(code),
            code_verifier: &CodeVerifier::new(VERIFIER),
            redirect_uri: REDIRECT_URI,
        };
        let secrets = self.instance().secrets;
        let client = secrets.values().await.unwrap().client.clone();
        self.server().exchange_code(&client, &grant, PATIENCE).await.unwrap()
    }

    /// Connects an account with fresh tokens, in place of its connection if it has one.
    pub(super) async fn connect(&self, email: &str) -> Connection {
        let tokens = self.consent(email).await;
        self.instance().connect(email, &tokens).await.unwrap()
    }

    /// Connects an account and lets its access token run out.
    pub(super) async fn connect_and_expire(&self, email: &str) -> Connection {
        let connection = self.connect(email).await;
        self.clock.pass(TOKEN_LIFE);
        connection
    }

    /// How many refresh token grants Google was asked for.
    pub(super) fn refreshes(&self) -> usize {
        let requests = self.google.requests(Endpoint::Token);
        let grants = requests.iter().map(|request| String::from_utf8_lossy(&request.body));
        grants.filter(|form| form.contains("grant_type=refresh_token")).count()
    }

    /// The stored connection, in DynamoDB's JSON.
    pub(super) fn row(&self, email: &str) -> Option<Value> {
        self.aws.item(TABLE, &row_key(email)).unwrap()
    }

    pub(super) fn delete_row(&self, email: &str) {
        self.aws.delete_item(TABLE, &row_key(email)).unwrap();
    }

    /// Changes the stored connection behind everybody's back.
    pub(super) fn edit_row(&self, email: &str, edit: impl FnOnce(&mut Value)) {
        let mut row = self.row(email).unwrap();
        edit(&mut row);
        self.aws.put_item(TABLE, &row).unwrap();
    }

    pub(super) fn kms_key(&self) -> &str {
        &self.kms_key
    }

    /// Whether Gmail takes the token.
    pub(super) async fn works(&self, token: &AccessToken) -> bool {
        let gmail = GmailMailbox::new(self.http.clone(), self.url(""));
        let page = PageRequest { query: &MessageQuery::default(), max_results: 1, page_token: None };
        gmail.list(token, &page, PATIENCE).await.is_ok()
    }
}

async fn google(clock: Arc<TestClock>) -> (EmulatedGoogle, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let client = OAuthClient {
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
    };
    let google = EmulatedGoogle::new(local::google::Options {
        origin: origin.clone(),
        clients: vec![client],
        accounts: Account::samples(1),
        testing: false,
        clock,
        random: Arc::new(SystemRandomness::default()),
    })
    .unwrap();
    tokio::spawn(axum::serve(listener, google.router()).into_future());
    (google, origin)
}

#[derive(Clone)]
pub(super) struct Instance {
    pub(super) vault: Arc<Vault>,
    pub(super) tokens: Arc<AccessTokens>,
    secrets: Arc<Secrets>,
    clock: Arc<TestClock>,
}

impl Instance {
    pub(super) async fn connect(
        &self,
        email: &str,
        tokens: &TokenResponse,
    ) -> Result<Connection, shared::vault::VaultError> {
        let refresh_token = tokens.refresh_token.as_ref().unwrap();
        let id = user_id(email);
        let consent = consent(&id, email, tokens, self.clock.now());
        self.vault.connect(&consent, refresh_token, Deadline::after(PATIENCE)).await
    }

    /// Reads the secrets.
    pub(super) async fn warm(&self) {
        self.secrets.values().await.unwrap();
    }

    /// An access token, as a request for messages gets one.
    pub(super) async fn obtain(&self, email: &str) -> Result<Access, AccessError> {
        self.obtain_within(email, PATIENCE).await
    }

    pub(super) async fn obtain_within(&self, email: &str, time: Duration) -> Result<Access, AccessError> {
        let connection = self.vault.find(&user_id(email)).await?.ok_or(AccessError::NotFound)?;
        self.tokens.obtain(connection, None, Deadline::after(time)).await
    }

    pub(super) async fn renew(&self, rejected: &Access) -> Result<Access, AccessError> {
        self.tokens.renew(rejected, Deadline::after(PATIENCE)).await
    }

    /// Gmail rejected the token of a connection as it was read.
    pub(super) async fn give_up(&self, connection: &Connection) -> Result<Access, AccessError> {
        let rejected = Access { token: AccessToken::new("rejected"), connection: connection.clone() };
        self.tokens.give_up(&rejected, Deadline::after(PATIENCE)).await
    }
}

/// Where it does not matter when Google gave the tokens.
pub(super) const ANY_TIME: Timestamp = Timestamp::from_unix_millis(0);

/// What the callback knows after a consent.
pub(super) fn consent<'a>(
    user_id: &'a UserId,
    email: &'a str,
    tokens: &'a TokenResponse,
    minted_at: Timestamp,
) -> Consent<'a> {
    let scopes: BTreeSet<_> =
        tokens.scopes.iter().flat_map(shared::domain::scope::Scopes::iter).map(str::to_owned).collect();
    Consent { user_id, email: Some(email), client_id: CLIENT_ID, scopes, tokens, minted_at }
}

/// A row but for its lease.
pub(super) fn without_lease(mut row: Value) -> Value {
    let attributes = row.as_object_mut().unwrap();
    attributes.retain(|name, _| !name.starts_with("lease_"));
    row
}

/// The subject of a sample account.
pub(super) fn user_id(email: &str) -> UserId {
    let account = Account::samples(0).into_iter().find(|account| account.email == email).unwrap();
    UserId::parse(&account.sub).unwrap()
}

pub(super) fn row_key(email: &str) -> String {
    format!("connection#{}", user_id(email))
}

/// What became of asking for a token, in a word.
pub(super) fn outcome(result: &Result<Access, AccessError>) -> &'static str {
    match result {
        Ok(_) => "token",
        Err(AccessError::NotFound) => "not found",
        Err(AccessError::ReauthorizationRequired { .. }) => "reauthorization required",
        Err(AccessError::ClientRejected(_)) => "client rejected",
        Err(AccessError::BlockedByPolicy) => "blocked by policy",
        Err(AccessError::GoogleUnavailable { .. }) => "google unavailable",
        Err(AccessError::Secrets(_)) => "secrets",
        Err(AccessError::Unavailable(_)) => "unavailable",
    }
}

/// Waits until something holds, looking again and again.
pub(super) async fn until(mut holds: impl FnMut() -> bool) {
    let watched = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, watched).await.expect("it never came to hold");
}
