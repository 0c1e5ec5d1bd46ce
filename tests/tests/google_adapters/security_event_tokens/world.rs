//! Google in parts that answer as they are told, and someone who signs as it does.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use local::google::{Account, EmulatedGoogle, Options};
use serde_json::{Value, json};
use shared::{
    domain::{random::SystemRandomness, security_event::Refused, time::Clock},
    google::{
        http,
        security_event_tokens::{SecurityEventTokens, TokenRefused},
    },
};
use tests::{http_client::http_client, world::TestClock};
use tokio::net::TcpListener;

use crate::google_adapters::endpoint::{Answer, Google};

pub(super) const US: &str = "us";

/// Google in three parts: who signs, where the configuration is, and where the keys are.
pub(super) struct World {
    pub(super) signer: EmulatedGoogle,
    pub(super) configuration: Google,
    pub(super) keys: Google,
    pub(super) clock: Arc<TestClock>,
    pub(super) tokens: SecurityEventTokens,
}

impl World {
    pub(super) async fn start() -> Self {
        let clock = Arc::new(TestClock::default());
        let (signer, jwks) = signer(&clock).await;
        let keys = Google::answering(Answer::ok(&jwks.to_string())).await;
        let configuration = Google::answering(leading_to(keys.url.as_str())).await;
        let uri = configuration.url.join("/.well-known/risc-configuration").unwrap();
        let tokens = SecurityEventTokens::new(http::client().unwrap(), uri, clock.clone());
        Self { signer, configuration, keys, clock, tokens }
    }

    pub(super) fn sign(&self) -> String {
        let subject = json!({ "iss": "https://accounts.google.com/", "sub": "118" });
        let events =
            json!({ "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked": { "subject": subject } });
        let now = self.clock.now().unix_seconds();
        let claims =
            json!({ "iss": "https://issuer.example.com/", "aud": US, "jti": "1", "iat": now, "events": events });
        self.signer.security_event(&claims)
    }

    pub(super) async fn verify(&self, token: &str) -> String {
        word(self.tokens.verify(token).await.and_then(|signed| signed.read(US)).map(drop))
    }

    /// What becomes of a token of Google's, and how often the configuration and the keys were asked for until then.
    pub(super) async fn outcome(&self) -> (String, usize, usize) {
        let outcome = self.verify(&self.sign()).await;
        (outcome, self.configuration.calls(), self.keys.calls())
    }

    /// A token that names a key that nobody has.
    pub(super) fn of_nobody(&self, kid: &str) -> String {
        let token = self.sign();
        let (_, rest) = token.split_once('.').unwrap();
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(json!({ "alg": "RS256", "kid": kid }).to_string()))
    }
}

/// Someone who signs as Google does, and its published keys.
async fn signer(clock: &Arc<TestClock>) -> (EmulatedGoogle, Value) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let signer = EmulatedGoogle::new(Options {
        origin: origin.clone(),
        clients: Vec::new(),
        accounts: Account::samples(0),
        testing: false,
        clock: clock.clone(),
        random: Arc::new(SystemRandomness::default()),
    })
    .unwrap();
    let server = tokio::spawn(axum::serve(listener, signer.router()).into_future());
    let answer = http_client().unwrap().get(format!("{origin}/oauth2/v3/certs")).send().await.unwrap();
    let jwks = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    server.abort();
    (signer, jwks)
}

pub(super) fn leading_to(jwks_uri: &str) -> Answer {
    Answer::ok(&json!({ "issuer": "https://issuer.example.com", "jwks_uri": jwks_uri }).to_string())
}

pub(super) fn word(outcome: Result<(), TokenRefused>) -> String {
    match outcome {
        Ok(()) => "ok".to_owned(),
        Err(TokenRefused::NoKeys(_)) => "no keys".to_owned(),
        Err(TokenRefused::UnknownKey) => "unknown key".to_owned(),
        Err(TokenRefused::Signature) => "signature".to_owned(),
        Err(TokenRefused::Claims(Refused::Request(_))) => "request".to_owned(),
        Err(error) => error.to_string(),
    }
}

pub(super) fn outcome(word: &str, configuration: usize, keys: usize) -> (String, usize, usize) {
    (word.to_owned(), configuration, keys)
}

/// The present keys, as their place publishes them.
pub(super) async fn jwks(world: &World) -> Value {
    let answer = http_client().unwrap().get(world.keys.url.clone()).send().await.unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}
