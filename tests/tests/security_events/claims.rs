//! What a token must say that Google has signed: who issued it, whom it is for, which it is, and what happened.

use std::time::Duration;

use tests::world::{CLIENT_SECRET_ID, OTHER_CLIENT_ID, REDIRECT_URI};

use super::*;

async fn deliver_with(world: &World, name: &str, value: Value) -> Answer {
    deliver(world, &world.google.security_event(&with(ending(world), name, value))).await
}

/// Asserts that a token is refused, and Anna's connection is as it was.
async fn assert_claim_refused(world: &World, name: &str, value: Value, err: &str) {
    let before = world.items();
    let calls = world.aws.faults().calls("DynamoDB");
    let answer = deliver_with(world, name, value.clone()).await;
    assert_refused(&answer, err);
    assert_eq!((world.items(), world.aws.faults().calls("DynamoDB")), (before, calls), "{name} {value:.80}");
}

async fn assert_claim_taken(name: &str, value: Value) {
    let world = connected().await;
    assert_taken(&deliver_with(&world, name, value).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn the_issuer_is_google_in_its_four_writings() {
    for issuer in
        ["https://accounts.google.com/", "https://accounts.google.com", "accounts.google.com", "accounts.google.com/"]
    {
        assert_claim_taken("iss", json!(issuer)).await;
    }
    let world = connected().await;
    for issuer in [
        json!("https://accounts.google.com.evil.test"),
        json!("https://accounts.google.com.evil.test/"),
        json!("https://accounts.google.com/evil"),
        json!("https://accounts.google.com//"),
        json!("https://evil.test/https://accounts.google.com"),
        json!("http://accounts.google.com/"),
        json!("https://google.com/"),
        json!("https://securetoken.google.com/project"),
        json!("HTTPS://ACCOUNTS.GOOGLE.COM/"),
        json!(" https://accounts.google.com/"),
        json!("/"),
        json!(""),
        json!(7),
        json!(["https://accounts.google.com/"]),
    ] {
        assert_claim_refused(&world, "iss", issuer, "invalid_issuer").await;
    }
    assert_claim_refused(&world, "iss", json!(null), "invalid_request").await;
}

#[tokio::test]
async fn the_audience_is_our_client_alone_or_among_others() {
    for audience in
        [json!(CLIENT_ID), json!([CLIENT_ID]), json!([OTHER_CLIENT_ID, CLIENT_ID]), json!([7, null, CLIENT_ID])]
    {
        assert_claim_taken("aud", audience).await;
    }
    let world = connected().await;
    for audience in [
        json!(OTHER_CLIENT_ID),
        json!([OTHER_CLIENT_ID]),
        json!([]),
        json!(""),
        json!(format!("{CLIENT_ID}.evil.test")),
        json!(format!("{CLIENT_ID},{OTHER_CLIENT_ID}")),
        json!({ "client": CLIENT_ID }),
        json!([[CLIENT_ID]]),
        json!(7),
    ] {
        assert_claim_refused(&world, "aud", audience, "invalid_audience").await;
    }
    assert_claim_refused(&world, "aud", json!(null), "invalid_request").await;
}

/// The client in Secrets Manager becomes the other one.
fn rotate_client(world: &World) {
    let file = world.google.client_secret_file(OTHER_CLIENT_ID).unwrap();
    assert!(file.to_string().contains(REDIRECT_URI));
    world.aws.secrets().put(CLIENT_SECRET_ID, &file.to_string()).unwrap();
}

#[tokio::test]
async fn a_client_that_changed_meanwhile_is_known_at_once() {
    let world = connected().await;
    assert_taken(&deliver(&world, &saying(&world, "risc", "account-enabled", &about(ANNA))).await);
    world.clock.advance(Duration::from_secs(31));
    rotate_client(&world);
    let before = world.aws.faults().calls("SecretsManager");
    assert_taken(&deliver_with(&world, "aud", json!(OTHER_CLIENT_ID)).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
    assert_eq!(world.aws.faults().calls("SecretsManager") - before, 1);
}

#[tokio::test]
async fn another_audience_makes_the_secret_be_read_again_only_now_and_then() {
    let world = connected().await;
    world.clock.advance(Duration::from_secs(31));
    let before = world.aws.faults().calls("SecretsManager");
    for _ in 0..20 {
        assert_refused(&deliver_with(&world, "aud", json!(OTHER_CLIENT_ID)).await, "invalid_audience");
    }
    assert_eq!(world.aws.faults().calls("SecretsManager") - before, 1);
}

#[tokio::test]
async fn while_the_secret_cannot_be_read_again_the_client_that_is_known_counts() {
    use local::aws::{AwsFault, Effect};
    let world = connected().await;
    world.clock.advance(Duration::from_secs(31));
    world.aws.faults().fail("SecretsManager", AwsFault::always(Effect::Status(500)));
    assert_refused(&deliver_with(&world, "aud", json!(OTHER_CLIENT_ID)).await, "invalid_audience");
    assert_taken(&deliver(&world, &end(&world)).await);
}

#[tokio::test]
async fn an_event_stays_true_after_its_token_expired() {
    for expiry in [json!(1), json!(0), json!(-5), json!("never"), json!(1e300), json!([])] {
        assert_claim_taken("exp", expiry).await;
    }
    assert_claim_taken("nbf", json!(4_102_444_800_i64)).await;
}

#[tokio::test]
async fn an_id_token_of_our_own_client_is_no_event() {
    let world = connected().await;
    let now = world.clock.now().unix_seconds();
    let id_token = json!({
        "iss": "https://accounts.google.com", "aud": CLIENT_ID, "azp": CLIENT_ID, "sub": sub(ANNA), "email": ANNA,
        "iat": now, "exp": now + 3_600, "nonce": "n",
    });
    let before = world.items();
    for claims in [id_token.clone(), with(id_token, "jti", json!("an id"))] {
        assert_refused(&deliver(&world, &world.google.security_event(&claims)).await, "invalid_request");
    }
    assert_eq!(world.items(), before);
}

#[tokio::test]
async fn a_token_has_an_identifier_that_a_key_can_hold() {
    for jti in ["x".repeat(512), "1".to_owned(), "a#b/c:d=".to_owned()] {
        assert_claim_taken("jti", json!(jti)).await;
    }
    let world = connected().await;
    for jti in [
        json!(null),
        json!(""),
        json!("x".repeat(513)),
        json!("x".repeat(60_000)),
        json!("with space"),
        json!("ü"),
        json!("a\nb"),
        json!("\u{0}"),
        json!(7),
        json!(["a"]),
        json!({}),
        json!(false),
    ] {
        assert_claim_refused(&world, "jti", jti, "invalid_request").await;
    }
}

#[tokio::test]
async fn a_token_holds_one_to_sixteen_events() {
    let many = |count: usize| {
        let mut events = one("oauth", "tokens-revoked", &about(ANNA));
        (1..count).for_each(|index| events[format!("urn:example:{index}")] = json!({}));
        events
    };
    assert_claim_taken("events", many(16)).await;
    let world = connected().await;
    for events in [
        many(17),
        many(1_000),
        json!({}),
        json!(null),
        json!([]),
        json!([one("oauth", "tokens-revoked", &about(ANNA))]),
        json!("text"),
        json!(uri("oauth", "tokens-revoked")),
        json!(7),
        json!(true),
    ] {
        assert_claim_refused(&world, "events", events, "invalid_request").await;
    }
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    let world = connected().await;
    let before = world.items();
    for claims in [json!(null), json!([]), json!("text"), json!(7), json!({})] {
        assert_refused(&deliver(&world, &world.google.security_event(&claims)).await, "invalid_request");
    }
    assert_eq!(world.items(), before);
}
