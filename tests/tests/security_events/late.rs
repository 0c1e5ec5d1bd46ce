//! Events that arrive after the user consented again: what ended before a token was minted did not end that token.

use std::time::Duration;

use super::*;

/// The types of event that end an access, and the reason that stays.
const ENDINGS: [(&str, &str); 2] = [("tokens-revoked", "tokens_revoked"), ("account-disabled", "account_disabled")];

/// A world in which Anna's connection was minted when the clock was set, and the clock stands a day later.
async fn minted_yesterday() -> (World, i64) {
    let world = connected().await;
    let minted = world.clock.now().unix_seconds();
    world.clock.advance(Duration::from_hours(24));
    (world, minted)
}

async fn deliver_of(world: &World, name: &str, iat: Value) {
    let claims = with(claims(world, &one("risc", name, &about(ANNA))), "iat", iat);
    assert_taken(&deliver(world, &world.google.security_event(&claims)).await);
}

#[tokio::test]
async fn an_event_from_before_the_new_consent_leaves_the_new_connection() {
    for (name, reason) in ENDINGS {
        let world = connected().await;
        let late = saying(&world, "risc", name, &about(ANNA));
        world.google.revoke(&sub(ANNA));
        world.clock.advance(Duration::from_mins(1));
        world.connect(ANNA).await;
        assert_taken(&deliver(&world, &late).await);
        assert_status(&world, "active", None);
        assert_eq!(list(&world.instance, ANNA).await.status(), 200);
        deliver_of(&world, name, json!(world.clock.now().unix_seconds())).await;
        assert_status(&world, "revoked", Some(reason));
    }
}

#[tokio::test]
async fn an_event_from_after_the_consent_counts_however_late_it_comes() {
    for late in [0, 3_600, 86_400] {
        for (name, reason) in ENDINGS {
            let (world, minted) = minted_yesterday().await;
            deliver_of(&world, name, json!(minted + late)).await;
            assert_status(&world, "revoked", Some(reason));
        }
    }
}

#[tokio::test]
async fn two_clocks_may_differ_by_some_seconds() {
    for (before, counts) in [(0, true), (3, true), (8, false), (86_400, false), (6 * 86_400, false)] {
        let (world, minted) = minted_yesterday().await;
        deliver_of(&world, "tokens-revoked", json!(minted - before)).await;
        assert_status(&world, if counts { "revoked" } else { "active" }, counts.then_some("tokens_revoked"));
    }
}

#[tokio::test]
async fn an_event_that_does_not_say_when_or_says_nonsense_counts() {
    for iat in [
        json!(null),
        json!("yesterday"),
        json!("1763782652"),
        json!(true),
        json!([1]),
        json!({}),
        json!(0),
        json!(-1),
        json!(1),
        json!(1_000_000_000),
        json!(1e300),
        json!(-1e300),
        json!(u64::MAX),
        json!(i64::MIN),
    ] {
        let (world, _) = minted_yesterday().await;
        deliver_of(&world, "tokens-revoked", iat).await;
        assert_status(&world, "revoked", Some("tokens_revoked"));
    }
}

#[tokio::test]
async fn a_time_with_a_fraction_is_a_time() {
    for (offset, counts) in [(-60.5, false), (0.25, true)] {
        let (world, minted) = minted_yesterday().await;
        #[expect(clippy::cast_precision_loss, reason = "a time of this century is exact")]
        deliver_of(&world, "tokens-revoked", json!(minted as f64 + offset)).await;
        assert_status(&world, if counts { "revoked" } else { "active" }, counts.then_some("tokens_revoked"));
    }
}

#[tokio::test]
async fn what_is_said_of_one_token_counts_for_that_token_whenever_it_is_said() {
    let world = connected().await;
    let token = world.issued_tokens().into_iter().find(|token| token.starts_with("1//")).unwrap();
    let subject = json!({ "token_type": "refresh_token", "token_identifier_alg": "prefix", "token": &token[..16] });
    let events = one("oauth", "token-revoked", &json!({ "subject": subject }));
    let earlier = world.clock.now().unix_seconds() - 60;
    let claims = with(claims(&world, &events), "iat", json!(earlier));
    assert_taken(&deliver(&world, &world.google.security_event(&claims)).await);
    assert_status(&world, "revoked", Some("token_revoked"));
}

#[tokio::test]
async fn a_late_event_leaves_the_session_that_came_after_it() {
    for name in ["sessions-revoked", "account-disabled"] {
        let world = connected().await;
        let before = world.visitor.duplicate();
        let late = saying(&world, "risc", name, &about(ANNA));
        world.google.revoke(&sub(ANNA));
        world.clock.advance(Duration::from_mins(1));
        let after = connect_apart(&world, ANNA).await;
        assert_taken(&deliver(&world, &late).await);
        assert_eq!(after.get("/messages").await.status(), 200, "{name}");
        assert_eq!(before.get("/messages").await.status(), 401, "{name}");
    }
}
