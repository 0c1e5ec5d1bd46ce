//! Garbage in any amount: it costs no call of its own, and what is true goes through all the same.

use base64::engine::general_purpose::STANDARD;
use local::{
    aws::{AwsFault, Effect as AwsEffect},
    google::{Effect, Endpoint},
};
use tests::world::OTHER_CLIENT_ID;

use super::*;

const FLOOD: usize = 1_000;

/// How many calls each of the upstreams had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Calls {
    dynamodb: u64,
    kms: u64,
    secrets: u64,
    configuration: usize,
    keys: usize,
    google: usize,
}

impl Calls {
    fn of(world: &World) -> Self {
        let aws = |service| world.aws.faults().calls(service);
        Self {
            dynamodb: aws("DynamoDB"),
            kms: aws("KMS"),
            secrets: aws("SecretsManager"),
            configuration: world.google.calls(Endpoint::Risc),
            keys: world.google.calls(Endpoint::Certs),
            google: world.google_calls(),
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            dynamodb: self.dynamodb - before.dynamodb,
            kms: self.kms - before.kms,
            secrets: self.secrets - before.secrets,
            configuration: self.configuration - before.configuration,
            keys: self.keys - before.keys,
            google: self.google - before.google,
        }
    }
}

/// Garbage of a kind by its number, and the words that may be said of it.
fn garbage(world: &World, number: usize) -> (Event, &'static [&'static str]) {
    let claims = with(ending(world), "n", json!(number));
    let signed = |claims: &Value| world.google.security_event(claims);
    let unknown = json!({ "alg": "RS256", "kid": format!("kid-{number}") });
    match number % 10 {
        0 => (post(&format!("garbage {number}")), &["invalid_request"]),
        1 => (post(&STANDARD.encode([u8::try_from(number % 256).unwrap(); 300])), &["invalid_request"]),
        2 | 3 => (post(&with_header(&signed(&claims), &unknown)), &["invalid_key"]),
        4 => {
            let [header, _, signature] = parts(&signed(&claims));
            let other = part(&with(claims, "m", json!(1)));
            (post(&format!("{header}.{other}.{signature}")), &["authentication_failed"])
        }
        5 => (post(&signed(&with(claims, "aud", json!(OTHER_CLIENT_ID)))), &["invalid_audience"]),
        6 => (post(&signed(&with(claims, "iss", json!("https://evil.test")))), &["invalid_issuer"]),
        7 => (post(&signed(&with(claims, "events", json!({})))), &["invalid_request"]),
        8 => (Event::post("/security-events").body("application/json", signed(&claims)), &["invalid_request"]),
        _ => {
            let none = json!({ "alg": "none", "kid": json_of(&parts(&signed(&claims))[0])["kid"] });
            (post(&format!("{}.{}.", part(&none), part(&claims))), &["invalid_request"])
        }
    }
}

#[tokio::test]
async fn a_thousand_requests_of_garbage_cost_next_to_nothing() {
    let world = connected().await;
    let (items, instance) = (world.items(), world.another_instance().await);
    let before = Calls::of(&world);
    for number in 0..FLOOD {
        let (event, words) = garbage(&world, number);
        let answer = instance.send(&event).await;
        assert!(words.contains(&assert_is_error(&answer).as_str()), "{number}: {}", answer.body());
    }
    let calls = Calls::of(&world).since(before);
    assert_eq!((calls.dynamodb, calls.kms), (0, 0));
    assert!(calls.secrets <= 1, "{calls:?}");
    assert_eq!((calls.configuration, calls.google), (1, 1 + calls.keys), "{calls:?}");
    assert!(calls.keys <= 2, "{calls:?}");
    assert_eq!(world.items(), items);
    assert_taken(&deliver_to(&instance, &end(&world)).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[track_caller]
fn assert_is_error(answer: &Answer) -> String {
    let err = answer.json().unwrap()["err"].as_str().unwrap_or_default().to_owned();
    assert_refused(answer, &err);
    err
}

#[tokio::test]
async fn a_flood_over_hours_costs_one_fetch_a_minute_at_most() {
    use std::time::Duration;
    let world = connected().await;
    let (instance, before) = (world.another_instance().await, Calls::of(&world));
    for number in 0..600 {
        let (event, _) = garbage(&world, number);
        assert_is_error(&instance.send(&event).await);
        world.clock.advance(Duration::from_secs(6));
    }
    let calls = Calls::of(&world).since(before);
    assert_eq!((calls.dynamodb, calls.kms, calls.configuration), (0, 0, 1));
    assert!((2..=61).contains(&calls.keys), "one hour has sixty minutes: {calls:?}");
    assert!(calls.secrets <= 120 + 12, "{calls:?}");
}

#[tokio::test]
async fn while_google_is_away_a_flood_costs_few_tries_and_nobody_is_refused_for_it() {
    for endpoint in [Endpoint::Risc, Endpoint::Certs] {
        let world = connected().await;
        let (instance, before) = (world.another_instance().await, Calls::of(&world));
        world.google.faults().inject_times(endpoint, u32::MAX, Effect::Disconnect);
        for number in 0..FLOOD {
            let (event, _) = garbage(&world, number);
            let answer = instance.send(&event).await;
            match answer.status() {
                400 => drop(assert_is_error(&answer)),
                _ => assert_put_off(&answer),
            }
        }
        assert_put_off(&deliver_to(&instance, &end(&world)).await);
        let calls = Calls::of(&world).since(before);
        assert_eq!((calls.dynamodb, calls.kms, calls.configuration), (0, 0, 1), "{endpoint:?}");
        assert!(calls.keys <= 1 && calls.secrets <= 1, "{calls:?}");
        assert_status(&world, "active", None);
    }
}

#[tokio::test]
async fn while_no_secret_can_be_read_garbage_asks_for_none() {
    let world = connected().await;
    world.aws.faults().fail("SecretsManager", AwsFault::always(AwsEffect::Status(500)));
    let cold = world.another_instance().await;
    let before = Calls::of(&world);
    for number in 0..100 {
        let (event, words) = garbage(&world, number);
        // What Google signed is told apart only by what the secret says.
        if !words.contains(&"invalid_audience") && !words.contains(&"invalid_issuer") && number % 10 != 7 {
            assert_eq!(cold.send(&event).await.status(), 400, "{number}");
        }
    }
    assert_eq!(Calls::of(&world).since(before).secrets, 0);
    assert_put_off(&deliver_to(&cold, &world.google.security_event(&ending(&world))).await);
}
