//! An emulated Google on a loopback port, an application that uses it, and a clock that stands still.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use local::google::{Account, Decision, EmulatedGoogle, OAuthClient, Options};
use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;
use shared::domain::{
    random::SystemRandomness,
    time::{Clock, Timestamp},
};
use url::Url;

pub(super) const ANNA: &str = "anna.schmidt@example.com";
pub(super) const EMPTY: &str = "new.here@example.com";
pub(super) const READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";
pub(super) const METADATA: &str = "https://www.googleapis.com/auth/gmail.metadata";
pub(super) const LONG_EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
pub(super) const REDIRECT_URI: &str = "https://app.example.com/callback";
pub(super) const MAILBOX_SIZE: usize = 1_234;

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

pub(super) struct World {
    pub(super) google: EmulatedGoogle,
    pub(super) origin: String,
    pub(super) http: Client,
    pub(super) clock: Arc<TestClock>,
}

pub(super) async fn world() -> World {
    start(false).await
}

pub(super) async fn world_in_testing() -> World {
    start(true).await
}

async fn start(testing: bool) -> World {
    // Whoever comes second finds the provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let clock = Arc::new(TestClock(Mutex::new(Timestamp::parse("2026-11-22T10:00:00Z").unwrap())));
    let google = EmulatedGoogle::new(Options {
        origin: origin.clone(),
        clients: vec![client("app", "s3cret"), client("other", "0ther")],
        accounts: Account::samples(MAILBOX_SIZE),
        testing,
        clock: clock.clone(),
        random: Arc::new(SystemRandomness::default()),
    })
    .unwrap();
    tokio::spawn(axum::serve(listener, google.router()).into_future());
    let http = Client::builder().redirect(Policy::none()).no_gzip().build().unwrap();
    World { google, origin, http, clock }
}

fn client(id: &str, secret: &str) -> OAuthClient {
    OAuthClient {
        client_id: id.to_owned(),
        client_secret: secret.to_owned(),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
    }
}

impl World {
    /// An authorization URL for offline access to read mail; the parameters are added, or replace others.
    pub(super) fn authorization_url(&self, parameters: &[(&str, &str)]) -> String {
        let scope = format!("openid email {READONLY}");
        let mut all = vec![
            ("client_id", "app"),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", &scope),
            ("access_type", "offline"),
            ("state", "the state"),
            ("nonce", "the nonce"),
        ];
        all.retain(|(name, _)| !parameters.iter().any(|(replaced, _)| replaced == name));
        all.extend(parameters.iter().filter(|(_, value)| !value.is_empty()));
        Url::parse_with_params(&format!("{}/o/oauth2/v2/auth", self.origin), all).unwrap().into()
    }

    pub(super) fn consent(&self, parameters: &[(&str, &str)], decision: &Decision) -> HashMap<String, String> {
        query(&self.google.consent(&self.authorization_url(parameters), decision).unwrap())
    }

    /// A code for all that is asked.
    pub(super) fn code(&self, parameters: &[(&str, &str)]) -> String {
        self.consent(parameters, &Decision::all(ANNA))["code"].clone()
    }

    pub(super) async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let mut all = vec![("client_id", "app"), ("client_secret", "s3cret")];
        all.retain(|(name, _)| !form.iter().any(|(replaced, _)| replaced == name));
        all.extend(form.iter().filter(|(_, value)| !value.is_empty()));
        answer(self.http.post(format!("{}/token", self.origin)).form(&all)).await
    }

    pub(super) async fn exchange(&self, code: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let base = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT_URI)];
        let mut all: Vec<_> =
            base.into_iter().filter(|(name, _)| !form.iter().any(|(other, _)| other == name)).collect();
        all.extend(form);
        self.token(&all).await
    }

    pub(super) async fn refresh(&self, token: &str) -> (u16, Value) {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Tokens of an account that allowed everything.
    pub(super) async fn tokens(&self, email: &str, parameters: &[(&str, &str)]) -> Value {
        let code = self.consent(parameters, &Decision::all(email))["code"].clone();
        let (status, tokens) = self.exchange(&code, &[]).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    pub(super) async fn access_token(&self, email: &str) -> String {
        self.tokens(email, &[]).await["access_token"].as_str().unwrap().to_owned()
    }

    pub(super) fn request(&self, access_token: &str, path: &str) -> RequestBuilder {
        self.http.get(format!("{}/gmail/v1/users/me/messages{path}", self.origin)).bearer_auth(access_token)
    }

    pub(super) async fn gmail(&self, access_token: &str, path: &str) -> (u16, Value) {
        answer(self.request(access_token, path)).await
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.origin)).send().await.unwrap()
    }

    /// All ids that a list leads to, and how many pages it took.
    pub(super) async fn all_ids(&self, access_token: &str, query: &str) -> (Vec<String>, usize) {
        let (mut ids, mut pages, mut token) = (Vec::new(), 0, String::new());
        loop {
            let (status, page) = self.gmail(access_token, &format!("?{query}&pageToken={token}")).await;
            assert_eq!(status, 200, "{page}");
            ids.extend(self::ids(&page));
            pages += 1;
            match page["nextPageToken"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => return (ids, pages),
            }
        }
    }
}

pub(super) fn ids(page: &Value) -> Vec<String> {
    let messages = page["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| message["id"].as_str().unwrap().to_owned()).collect()
}

pub(super) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

pub(super) fn query(url: &str) -> HashMap<String, String> {
    Url::parse(url).unwrap().query_pairs().into_owned().collect()
}

pub(super) fn set(text: &str) -> BTreeSet<&str> {
    text.split(' ').collect()
}

/// `error` of a token response, or the reason of a Gmail error.
pub(super) fn reason(body: &Value) -> &str {
    body["error"].as_str().or_else(|| body["error"]["errors"][0]["reason"].as_str()).unwrap()
}

/// The subject of a sample account.
pub(super) fn sub(email: &str) -> String {
    let accounts = Account::samples(0);
    accounts.into_iter().find(|account| account.email == email).unwrap().sub
}

pub(super) fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

pub(super) fn claims(token: &str) -> Value {
    decoded(token.split('.').nth(1).unwrap())
}

/// Whether a published key of the token's key id verifies it.
pub(super) fn verifies(token: &str, jwks: &Value) -> bool {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let header = decoded(token.split('.').next().unwrap());
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]);
    key.is_some_and(|key| {
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
        let public = RsaPublicKeyComponents { n: bytes("n"), e: bytes("e") };
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).is_ok()
    })
}

pub(super) async fn jwks(world: &World) -> Value {
    serde_json::from_str(&world.get("/oauth2/v3/certs").await.text().await.unwrap()).unwrap()
}
