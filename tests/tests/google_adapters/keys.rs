//! Google's keys: kept as long as Google says, fetched once for everybody, fetched again for a key that is new.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use local::google::{Account, EmulatedGoogle, Endpoint, Options};
use serde_json::{Value, json};
use shared::{
    domain::{
        id_token::Expected,
        random::SystemRandomness,
        secret::IdToken,
        time::{Clock, Timestamp},
    },
    google::{
        http,
        keys::{GoogleKeys, IdTokenError},
    },
};
use tokio::net::TcpListener;

use super::endpoint::{Answer, Google};

/// What Google's `Cache-Control` allows, in seconds.
const MAX_AGE: u64 = 23_474;

struct TestClock(Mutex<Timestamp>);

impl TestClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Timestamp::parse("2026-11-22T10:00:00Z").unwrap())))
    }

    fn pass(&self, duration: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.after(duration);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct World {
    google: EmulatedGoogle,
    keys: GoogleKeys,
    clock: Arc<TestClock>,
}

async fn world() -> World {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let clock = TestClock::new();
    let google = EmulatedGoogle::new(Options {
        origin: origin.clone(),
        clients: Vec::new(),
        accounts: Account::samples(0),
        testing: false,
        clock: clock.clone(),
        random: Arc::new(SystemRandomness::default()),
    })
    .unwrap();
    tokio::spawn(axum::serve(listener, google.router()).into_future());
    let keys =
        GoogleKeys::new(http::client().unwrap(), format!("{origin}/oauth2/v3/certs").parse().unwrap(), clock.clone());
    World { google, keys, clock }
}

impl World {
    /// An ID token that Google signs now.
    fn id_token(&self) -> IdToken {
        let now = self.clock.now().unix_seconds();
        let claims = json!({"iss": "https://accounts.google.com", "aud": "us", "sub": "118", "nonce": "n",
            "iat": now, "exp": now + 3600});
        IdToken::new(self.google.security_event(&claims))
    }

    async fn verify(&self, token: &IdToken) -> Result<Option<String>, IdTokenError> {
        let expected = Expected { client_id: "us", nonce: "n", now: self.clock.now() };
        self.keys.verify(token, &expected).await.map(|claims| claims.sub)
    }

    fn fetches(&self) -> usize {
        self.google.calls(Endpoint::Certs)
    }
}

#[tokio::test]
async fn keys_are_kept_as_long_as_cache_control_says_by_the_clock() {
    let world = world().await;
    world.keys.prefetch().await.unwrap();
    assert_eq!(world.verify(&world.id_token()).await.unwrap().as_deref(), Some("118"));
    world.clock.pass(Duration::from_millis(MAX_AGE * 1000 - 1));
    world.verify(&world.id_token()).await.unwrap();
    assert_eq!(world.fetches(), 1);
    world.clock.pass(Duration::from_millis(1));
    world.verify(&world.id_token()).await.unwrap();
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn many_verifications_at_once_fetch_the_keys_once() {
    let world = world().await;
    let token = world.id_token();
    for outcome in join_all((0..20).map(|_| world.verify(&token))).await {
        outcome.unwrap();
    }
    assert_eq!(world.fetches(), 1);
}

#[tokio::test]
async fn a_key_that_is_not_known_is_looked_for_once_more() {
    let world = world().await;
    world.verify(&world.id_token()).await.unwrap();
    world.google.rotate_keys();
    let token = world.id_token();
    for outcome in join_all((0..20).map(|_| world.verify(&token))).await {
        outcome.unwrap();
    }
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn a_key_that_google_does_not_have_is_looked_for_once() {
    let world = world().await;
    world.keys.prefetch().await.unwrap();
    let header = base64_json(&json!({"alg": "RS256", "kid": "of nobody"}));
    let token = IdToken::new(format!("{header}.{}.c2ln", base64_json(&json!({"sub": "118"}))));
    assert!(matches!(world.verify(&token).await, Err(IdTokenError::Signature("unknown kid"))));
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn a_token_that_is_none_costs_no_request() {
    let world = world().await;
    let none = format!("{}.e30.", base64_json(&json!({"alg": "none"})));
    for text in ["", "a", "a.b.c", "..", none.as_str()] {
        assert!(matches!(world.verify(&IdToken::new(text)).await, Err(IdTokenError::Signature(_))), "{text}");
    }
    assert_eq!(world.fetches(), 0);
}

#[tokio::test]
async fn a_signature_of_another_algorithm_or_over_other_claims_is_refused() {
    let world = world().await;
    let signed = world.id_token();
    let parts: Vec<_> = signed.reveal().split('.').collect();
    let kid = kid(parts[0]);
    let other_claims = format!("{}.{}.{}", parts[0], base64_json(&json!({"sub": "119"})), parts[2]);
    let of_algorithm =
        |name: &str| format!("{}.{}.{}", base64_json(&json!({"alg": name, "kid": kid})), parts[1], parts[2]);
    for text in [other_claims, of_algorithm("HS256"), of_algorithm("RS512"), of_algorithm("ES256")] {
        assert!(matches!(world.verify(&IdToken::new(text)).await, Err(IdTokenError::Signature(_))));
    }
    world.verify(&signed).await.unwrap();
}

#[tokio::test]
async fn an_answer_is_kept_unless_cache_control_says_otherwise() {
    for (headers, kept) in [
        (&[][..], true),
        (&[("cache-control", "no-cache")][..], false),
        (&[("cache-control", "max-age=none")], false),
        (&[("cache-control", "max-age=-5")], false),
        (&[("cache-control", "public,max-age=60")], true),
        (&[("cache-control", "s-maxage=0, max-age=60, must-revalidate")], true),
        (&[("cache-control", "max-age=99999999999999999")], true),
    ] {
        let google = Google::answering(Answer::Of(200, headers, r#"{"keys":[]}"#.to_owned())).await;
        let keys = google.keys(TestClock::new());
        keys.prefetch().await.unwrap();
        keys.prefetch().await.unwrap();
        assert_eq!(google.calls() == 1, kept, "{headers:?}");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_tried_for_again_and_not_kept() {
    let google = Google::answering(Answer::status(503)).await;
    let keys = google.keys(TestClock::new());
    assert!(matches!(keys.prefetch().await, Err(IdTokenError::NoKeys(_))));
    google.answer(Answer::Of(200, &[("cache-control", "max-age=60")], r#"{"keys":[]}"#.to_owned()));
    keys.prefetch().await.unwrap();
    keys.prefetch().await.unwrap();
    assert_eq!(google.calls(), 2);
}

fn base64_json(value: &Value) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn kid(header: &str) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].clone()
}
