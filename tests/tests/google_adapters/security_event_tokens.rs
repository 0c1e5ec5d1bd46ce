//! Google's security event tokens: what is fetched to verify them, and what is made of every kind of answer.

mod fetches;
mod world;

use std::time::Duration;

use futures_util::future::join;
use serde_json::json;
use shared::{
    domain::security_event::Refused,
    google::{http, security_event_tokens::SecurityEventTokens},
};

use self::world::*;
use super::endpoint::{Answer, Google};

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
async fn nobody_who_listens_is_no_verdict() {
    let world = World::start().await;
    let nobody = Google::away().await;
    let tokens = SecurityEventTokens::new(http::client().unwrap(), nobody.url.clone(), world.clock.clone());
    assert_eq!(word(tokens.verify(&world.sign()).await.map(drop)), "no keys");
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
