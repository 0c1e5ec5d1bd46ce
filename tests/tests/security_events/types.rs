//! Every type of event, by both spellings of its URI.

use tests::world::{DAVID, TABLE};

use super::*;

/// What an event is expected to do to Anna's connection.
#[derive(Clone, Copy, Debug)]
struct Effect {
    reason: Option<&'static str>,
    ends_sessions: bool,
}

const NONE: Effect = Effect { reason: None, ends_sessions: false };
const SESSIONS_END: Effect = Effect { ends_sessions: true, ..NONE };

const fn revoked(reason: &'static str) -> Effect {
    Effect { reason: Some(reason), ends_sessions: false }
}

const fn disabled(reason: &'static str) -> Effect {
    Effect { reason: Some(reason), ends_sessions: true }
}

/// Whether the browser's session opens its connection.
async fn has_session(visitor: &Visitor) -> bool {
    let answer = visitor.get("/connection").await;
    if answer.status() != 200 {
        problem(&answer, 401, "session_required");
    }
    answer.status() == 200
}

/// Asserts what an event does, then puts everything back as it was.
async fn assert_effect(world: &World, visitor: &Visitor, events: &Value, effect: Effect) {
    let (row, others) = (world.connection(ANNA).unwrap(), stored(world).len());
    let claims = claims(world, events);
    assert_taken(&deliver(world, &world.google.security_event(&claims)).await);
    assert_status(world, if effect.reason.is_some() { "revoked" } else { "active" }, effect.reason);
    assert_eq!(has_session(visitor).await, !effect.ends_sessions, "{events}");
    assert!(seen(world).contains(&claims["jti"].as_str().unwrap().to_owned()), "{events}");
    assert_eq!(stored(world).len(), others);
    if effect.reason.is_none() && !effect.ends_sessions {
        assert_eq!(world.connection(ANNA).unwrap(), row, "{events}");
    }
    world.aws.put_item(TABLE, &row).unwrap();
}

#[tokio::test]
async fn every_type_of_event_has_its_effect_in_both_spellings() {
    let world = World::start().await;
    let visitor = connect_apart(&world, ANNA).await;
    let anna = about(ANNA);
    for family in FAMILIES {
        for (name, payload, effect) in [
            ("sessions-revoked", anna.clone(), SESSIONS_END),
            ("tokens-revoked", anna.clone(), revoked("tokens_revoked")),
            ("account-disabled", anna.clone(), disabled("account_disabled")),
            ("account-enabled", anna.clone(), NONE),
            ("account-credential-change-required", anna.clone(), NONE),
            ("verification", json!({ "state": "a test" }), NONE),
            ("verification", json!({}), NONE),
            ("account-purged", anna.clone(), NONE),
            ("Tokens-Revoked", anna.clone(), NONE),
            ("tokens-revoked/", anna.clone(), NONE),
            ("", anna.clone(), NONE),
        ] {
            assert_effect(&world, &visitor, &one(family, name, &payload), effect).await;
        }
    }
}

#[tokio::test]
async fn the_reason_of_a_disabled_account_is_kept_if_it_is_a_plain_word() {
    let world = World::start().await;
    let visitor = connect_apart(&world, ANNA).await;
    for (reason, kept) in [
        (json!("hijacking"), "account_disabled:hijacking"),
        (json!("bulk-account"), "account_disabled:bulk-account"),
        (json!("something_new2"), "account_disabled:something_new2"),
        (json!(""), "account_disabled"),
        (json!("two words"), "account_disabled"),
        (json!("<script>"), "account_disabled"),
        (json!("x".repeat(65)), "account_disabled"),
        (json!(null), "account_disabled"),
        (json!(7), "account_disabled"),
        (json!({ "a": [] }), "account_disabled"),
    ] {
        let events = one("risc", "account-disabled", &about_because(ANNA, reason));
        assert_effect(&world, &visitor, &events, disabled(kept)).await;
    }
}

#[tokio::test]
async fn types_that_nobody_knows_are_taken_and_do_nothing() {
    let world = World::start().await;
    let visitor = connect_apart(&world, ANNA).await;
    for event_type in [
        "urn:example:tokens-revoked",
        "tokens-revoked",
        "",
        "http://schemas.openid.net/secevent/risc/event-type/tokens-revoked",
        "https://schemas.openid.net.evil.test/secevent/risc/event-type/tokens-revoked",
        "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
    ] {
        for payload in [about(ANNA), json!({}), json!(null), json!("text"), json!([1])] {
            assert_effect(&world, &visitor, &json!({ event_type: payload }), NONE).await;
        }
    }
}

#[tokio::test]
async fn several_events_of_one_token_all_have_their_effect() {
    let world = World::start().await;
    let visitor = connect_apart(&world, ANNA).await;
    let events = json!({
        uri("risc", "sessions-revoked"): about(ANNA),
        uri("oauth", "tokens-revoked"): about(ANNA),
        uri("risc", "account-enabled"): about(ANNA),
        uri("risc", "verification"): { "state": "s" },
        "urn:unknown": {},
    });
    assert_effect(&world, &visitor, &events, disabled("tokens_revoked")).await;
    let both_spellings = json!({
        uri("risc", "tokens-revoked"): about(ANNA),
        uri("oauth", "tokens-revoked"): about(ANNA),
    });
    assert_effect(&world, &visitor, &both_spellings, revoked("tokens_revoked")).await;
}

#[tokio::test]
async fn one_token_may_be_about_several_users() {
    let world = connected().await;
    connect_apart(&world, DAVID).await;
    let events = json!({
        uri("risc", "account-disabled"): about_because(DAVID, "hijacking"),
        uri("oauth", "tokens-revoked"): about(ANNA),
    });
    assert_taken(&deliver(&world, &world.google.security_event(&claims(&world, &events))).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
    assert_eq!(world.attribute(DAVID, "status_reason").unwrap(), "account_disabled:hijacking");
}

#[tokio::test]
async fn the_reason_that_ended_an_access_first_stays() {
    let world = connected().await;
    assert_taken(&deliver(&world, &end(&world)).await);
    let row = world.connection(ANNA).unwrap();
    assert_taken(&deliver(&world, &end(&world)).await);
    assert_eq!(world.connection(ANNA).unwrap(), row, "it is revoked already");
    assert_taken(&deliver(&world, &saying(&world, "risc", "account-disabled", &about(ANNA))).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}
