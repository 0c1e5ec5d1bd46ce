//! Google's security event tokens: what is fetched to verify them, what is made of every kind of answer, and how often
//! Google is asked.

use std::{sync::Arc, time::Duration};

use futures_util::future::{join, join_all};
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

use super::endpoint::{Answer, Google};

const US: &str = "us";

/// Google in three parts: who signs, where the configuration is, and where the keys are.
struct World {
    signer: EmulatedGoogle,
    configuration: Google,
    keys: Google,
    clock: Arc<TestClock>,
    tokens: SecurityEventTokens,
}

impl World {
    async fn start() -> Self {
        let clock = Arc::new(TestClock::default());
        let (signer, jwks) = signer(&clock).await;
        let keys = Google::answering(Answer::ok(&jwks.to_string())).await;
        let configuration = Google::answering(leading_to(keys.url.as_str())).await;
        let uri = configuration.url.join("/.well-known/risc-configuration").unwrap();
        let tokens = SecurityEventTokens::new(http::client().unwrap(), uri, clock.clone());
        Self { signer, configuration, keys, clock, tokens }
    }

    fn sign(&self) -> String {
        let subject = json!({ "iss": "https://accounts.google.com/", "sub": "118" });
        let events =
            json!({ "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked": { "subject": subject } });
        let now = self.clock.now().unix_seconds();
        let claims =
            json!({ "iss": "https://issuer.example.com/", "aud": US, "jti": "1", "iat": now, "events": events });
        self.signer.security_event(&claims)
    }

    async fn verify(&self, token: &str) -> String {
        word(self.tokens.verify(token, US).await.map(drop))
    }

    /// What becomes of a token of Google's, and how often the configuration and the keys were asked for until then.
    async fn outcome(&self) -> (String, usize, usize) {
        let outcome = self.verify(&self.sign()).await;
        (outcome, self.configuration.calls(), self.keys.calls())
    }

    /// A token that names a key that nobody has.
    fn of_nobody(&self, kid: &str) -> String {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
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

fn leading_to(jwks_uri: &str) -> Answer {
    Answer::ok(&json!({ "issuer": "https://issuer.example.com", "jwks_uri": jwks_uri }).to_string())
}

fn word(outcome: Result<(), TokenRefused>) -> String {
    match outcome {
        Ok(()) => "ok".to_owned(),
        Err(TokenRefused::NoKeys(_)) => "no keys".to_owned(),
        Err(TokenRefused::UnknownKey) => "unknown key".to_owned(),
        Err(TokenRefused::Signature) => "signature".to_owned(),
        Err(TokenRefused::Claims(Refused::Request(_))) => "request".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn outcome(word: &str, configuration: usize, keys: usize) -> (String, usize, usize) {
    (word.to_owned(), configuration, keys)
}

/// The present keys, as their place publishes them.
async fn jwks(world: &World) -> Value {
    let answer = http_client().unwrap().get(world.keys.url.clone()).send().await.unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// Answers that are none, with what they are for the log of a test.
fn bad_answers() -> Vec<Answer> {
    let mut answers: Vec<_> = [400, 401, 403, 404, 408, 429, 500, 503].map(Answer::status).into();
    answers.extend(
        [301, 302, 303, 307, 308].map(|status| Answer::Of(status, &[("location", "/elsewhere")], String::new())),
    );
    answers.extend(["", "{", "null", "[]", "{}", "7", "<html>", "\u{0}"].map(Answer::ok));
    answers.extend([Answer::Truncated, Answer::Huge(200, 300 * 1024), Answer::Huge(503, 26 * 1024 * 1024)]);
    answers.push(Answer::Of(200, &[("content-encoding", "gzip")], "not compressed".to_owned()));
    answers
}

#[tokio::test]
async fn a_token_is_verified_with_one_plain_request_for_each_document() {
    let world = World::start().await;
    assert_eq!(world.outcome().await, outcome("ok", 1, 1));
    for (google, path) in [(&world.configuration, "/.well-known/risc-configuration"), (&world.keys, "/")] {
        let asked = google.asked().remove(0);
        assert_eq!((asked.method.as_str(), asked.path.as_str(), asked.body.as_str()), ("GET", path, ""));
        assert!(asked.query.is_empty());
        assert!(asked.header("user-agent").contains("gzip") && asked.header("accept-encoding").contains("gzip"));
        assert_eq!((asked.header("authorization"), asked.header("cookie"), asked.header("referer")), ("", "", ""));
    }
    assert_eq!(world.outcome().await, outcome("ok", 1, 1));
}

#[tokio::test]
async fn a_configuration_that_cannot_be_had_is_no_verdict() {
    for answer in bad_answers() {
        let world = World::start().await;
        world.configuration.answer(answer.clone());
        assert_eq!(world.outcome().await, outcome("no keys", 1, 0), "{answer:.60?}");
        assert_eq!(world.outcome().await, outcome("no keys", 1, 0), "{answer:.60?}");
    }
}

#[tokio::test]
async fn a_configuration_that_does_not_lead_to_keys_over_tls_is_no_verdict() {
    for uri in [
        json!("http://keys.example.com/"),
        json!("http://127.0.0.1.example.com/"),
        json!("ws://localhost/"),
        json!("file:///etc/passwd"),
        json!("//localhost/certs"),
        json!("/certs"),
        json!(""),
        json!(null),
        json!(7),
        json!(["https://localhost/"]),
    ] {
        let world = World::start().await;
        world.configuration.answer(Answer::ok(&json!({ "issuer": "x", "jwks_uri": uri }).to_string()));
        assert_eq!(world.outcome().await, outcome("no keys", 1, 0), "{uri}");
    }
    for configuration in
        [json!({ "jwks_uri": "https://localhost/" }), json!({ "issuer": 7, "jwks_uri": "https://localhost/" })]
    {
        let world = World::start().await;
        world.configuration.answer(Answer::ok(&configuration.to_string()));
        assert_eq!(world.outcome().await, outcome("no keys", 1, 0), "{configuration}");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_no_verdict() {
    for answer in bad_answers() {
        let world = World::start().await;
        world.keys.answer(answer.clone());
        assert_eq!(world.outcome().await, outcome("no keys", 1, 1), "{answer:.60?}");
        assert_eq!(world.outcome().await, outcome("no keys", 1, 1), "{answer:.60?}");
    }
}

#[tokio::test]
async fn keys_that_nobody_understands_are_passed_over() {
    for odd in [
        json!({ "kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA" }),
        json!({ "kty": "XYZ", "kid": "new" }),
        json!({ "kty": "RSA", "kid": "no-material" }),
        json!({ "kty": "RSA", "kid": "bad-material", "n": "!", "e": "!" }),
        json!({ "kty": "RSA", "kid": "new-alg", "alg": "RS3072", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": "new-use", "use": "dance", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "EC", "kid": "curve", "crv": "P-9000", "x": "AA", "y": "AA" }),
        json!({ "kty": "EC", "kid": "p256", "crv": "P-256", "x": "AA", "y": "AA" }),
        json!({ "kty": "oct", "kid": "symmetric", "k": "AAAA" }),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": 7, "n": "AQAB", "e": "AQAB" }),
        json!({ "kid": "nothing" }),
        json!({}),
    ] {
        let world = World::start().await;
        let mut set = jwks(&world).await;
        set["keys"].as_array_mut().unwrap().insert(0, odd.clone());
        world.keys.answer(Answer::ok(&set.to_string()));
        assert_eq!(world.verify(&world.sign()).await, "ok", "{odd}");
    }
}

#[tokio::test]
async fn a_published_key_that_cannot_check_rs256_believes_nothing() {
    let world = World::start().await;
    let kid = jwks(&world).await["keys"][0]["kid"].clone();
    for key in [
        json!({ "kty": "oct", "kid": kid, "k": "AAAA" }),
        json!({ "kty": "EC", "kid": kid, "crv": "P-256", "x": "AA", "y": "AA" }),
        json!({ "kty": "RSA", "kid": kid, "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": kid, "n": "", "e": "" }),
    ] {
        let world = World::start().await;
        world.keys.answer(Answer::ok(&json!({ "keys": [key] }).to_string()));
        let outcome = world.verify(&world.sign()).await;
        assert!(["signature", "unknown key"].contains(&outcome.as_str()), "{outcome}: {key}");
    }
}

#[tokio::test]
async fn nobody_is_asked_about_what_is_no_token() {
    let world = World::start().await;
    let none = world.of_nobody("k").replace("eyJhbGciOiJSUzI1NiI", "eyJhbGciOiJub25lIi");
    for (token, expected) in [
        ("", "request"),
        ("a.b.c", "request"),
        ("..", "request"),
        (none.as_str(), "request"),
        (&world.of_nobody(&"k".repeat(257)), "unknown key"),
    ] {
        assert_eq!(world.verify(token).await, expected, "{token:.40}");
    }
    assert_eq!((world.configuration.calls(), world.keys.calls()), (0, 0));
}

#[tokio::test]
async fn the_issuer_is_the_one_that_the_configuration_names() {
    let world = World::start().await;
    assert_eq!(world.verify(&world.sign()).await, "ok");
    let world = World::start().await;
    let configuration = json!({ "issuer": "https://another.example.com", "jwks_uri": world.keys.url.as_str() });
    world.configuration.answer(Answer::ok(&configuration.to_string()));
    assert_eq!(world.verify(&world.sign()).await, Refused::Issuer.to_string());
}

#[tokio::test]
async fn keys_that_moved_are_fetched_from_where_they_are() {
    let world = World::start().await;
    assert_eq!(world.outcome().await, outcome("ok", 1, 1));
    let set = jwks(&world).await;
    let elsewhere = Google::answering(Answer::ok(&set.to_string())).await;
    world.configuration.answer(leading_to(elsewhere.url.as_str()));
    world.clock.advance(Duration::from_hours(1));
    let before = world.keys.calls();
    assert_eq!(world.verify(&world.sign()).await, "ok");
    assert_eq!((world.keys.calls() - before, elsewhere.calls()), (0, 1));
}

#[tokio::test]
async fn an_answer_that_does_not_say_how_long_is_kept_for_an_hour() {
    let world = World::start().await;
    assert_eq!(world.outcome().await, outcome("ok", 1, 1));
    world.clock.advance(Duration::from_millis(3_599_999));
    assert_eq!(world.outcome().await, outcome("ok", 1, 1));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.outcome().await, outcome("ok", 2, 2));
}

#[tokio::test]
async fn an_answer_is_kept_for_a_minute_whatever_it_says() {
    for headers in [
        &[("cache-control", "no-store")][..],
        &[("cache-control", "max-age=0, must-revalidate")],
        &[("cache-control", "max-age=59")],
        &[("cache-control", "max-age=-1")],
        &[("cache-control", "")],
    ] {
        let world = World::start().await;
        let set = jwks(&world).await.to_string();
        let fetched = world.keys.calls();
        world.keys.answer(Answer::Of(200, headers, set));
        assert_eq!(world.outcome().await, outcome("ok", 1, fetched + 1), "{headers:?}");
        world.clock.advance(Duration::from_millis(59_999));
        assert_eq!(world.outcome().await, outcome("ok", 1, fetched + 1), "{headers:?}");
        world.clock.advance(Duration::from_millis(1));
        assert_eq!(world.outcome().await, outcome("ok", 1, fetched + 2), "{headers:?}");
    }
}

#[tokio::test]
async fn many_tokens_at_once_share_what_is_fetched() {
    let world = World::start().await;
    let token = world.sign();
    for outcome in join_all((0..20).map(|_| world.verify(&token))).await {
        assert_eq!(outcome, "ok");
    }
    assert_eq!((world.configuration.calls(), world.keys.calls()), (1, 1));
}

#[tokio::test]
async fn many_unknown_keys_at_once_and_after_each_other_are_looked_for_once_a_minute() {
    let world = World::start().await;
    assert_eq!(world.verify(&world.sign()).await, "ok");
    for minute in 1..=3 {
        let tokens: Vec<_> = (0..20).map(|number| world.of_nobody(&format!("{minute}-{number}"))).collect();
        for outcome in join_all(tokens.iter().map(|token| world.verify(token))).await {
            assert_eq!(outcome, "unknown key");
        }
        world.clock.advance(Duration::from_millis(59_999));
        assert_eq!(world.verify(&world.of_nobody("late")).await, "unknown key");
        assert_eq!((world.configuration.calls(), world.keys.calls()), (1, 1 + minute));
        world.clock.advance(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn a_failure_is_not_repeated_for_ten_seconds() {
    let world = World::start().await;
    world.configuration.answer(Answer::status(503));
    for calls in 1..=3 {
        assert_eq!(world.outcome().await, outcome("no keys", calls, 0));
        world.clock.advance(Duration::from_millis(9_999));
        assert_eq!(world.outcome().await, outcome("no keys", calls, 0));
        world.clock.advance(Duration::from_millis(1));
    }
    world.configuration.answer(leading_to(world.keys.url.as_str()));
    assert_eq!(world.outcome().await, outcome("ok", 4, 1));
}

#[tokio::test]
async fn while_google_is_away_many_tokens_at_once_ask_once() {
    let world = World::start().await;
    world.configuration.answer(Answer::status(503));
    let token = world.sign();
    for outcome in join_all((0..20).map(|_| world.verify(&token))).await {
        assert_eq!(outcome, "no keys");
    }
    assert_eq!(world.configuration.calls(), 1);
}

#[tokio::test]
async fn nobody_who_listens_is_no_verdict() {
    let world = World::start().await;
    let nobody = Google::away().await;
    let tokens = SecurityEventTokens::new(http::client().unwrap(), nobody.url.clone(), world.clock.clone());
    assert_eq!(word(tokens.verify(&world.sign(), US).await.map(drop)), "no keys");
    world.configuration.answer(leading_to(nobody.url.as_str()));
    assert_eq!(world.outcome().await, outcome("no keys", 1, 0));
}

#[tokio::test]
async fn silence_ends_by_itself() {
    let (one, other) = join(World::start(), World::start()).await;
    one.configuration.answer(Answer::Silence);
    other.keys.answer(Answer::Silence);
    let started = std::time::Instant::now();
    let outcomes = join(one.outcome(), other.outcome()).await;
    assert_eq!(outcomes, (outcome("no keys", 1, 0), outcome("no keys", 1, 1)));
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}
