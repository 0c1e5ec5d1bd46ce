//! What is told of a connection's life.

use std::time::Duration;

use local::google::Decision;
use serde_json::{Value, json};
use tests::{
    event::Event,
    secrets_search::assert_no_secrets,
    security_event::{about, post, saying},
    world::{ANNA, BASE_URL, CLIENT_ID, DAVID, World, sub},
};

use super::delivery::{Delivery, events, told, types, world};

fn pass(world: &World) {
    world.clock.advance(Duration::from_hours(1));
}

async fn reconsent(world: &World) {
    pass(world);
    let location = world.consent(&world.visitor.begin("prompt=consent").await, &Decision::all(ANNA));
    assert_eq!(world.callback(&location).await.status(), 200);
}

async fn list(world: &World) -> u16 {
    world.instance.send(&Event::get(&format!("/users/{}/messages", sub(ANNA))).iam()).await.status()
}

async fn disconnect(world: &World, event: Event) {
    pass(world);
    let answer = world.instance.send(&event).await;
    assert_eq!(answer.status(), 200, "{}", answer.body());
}

fn by_backend() -> Event {
    Event::delete(&format!("/users/{}/connection", sub(ANNA))).iam()
}

/// Google tells of an account by an event of that type.
async fn announce(world: &World, family: &str, name: &str, more: &Value) {
    pass(world);
    let mut payload = about(ANNA);
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let token = saying(world, family, name, &payload);
    assert_eq!(world.instance.send(&post(&token)).await.status(), 202);
}

/// Why and by whom the last event says that the access ended.
fn last_end(world: &World) -> (String, Value, Value) {
    let (kind, detail) = told(world).pop().unwrap();
    (kind, detail["reason"].clone(), detail["source"].clone())
}

fn ended(kind: &str, reason: &str, source: &str) -> (String, Value, Value) {
    (format!("Connection {kind}"), json!(reason), json!(source))
}

/// Asserts that the generations of each user's events grow.
#[track_caller]
fn assert_ordered(world: &World) {
    for user in [ANNA, DAVID].map(sub) {
        let of_user = told(world).into_iter().filter(|(_, detail)| detail["user_id"] == user);
        let generations: Vec<_> = of_user.map(|(_, detail)| detail["generation"].as_u64().unwrap()).collect();
        assert!(generations.is_sorted_by(|before, after| before < after), "{generations:?}");
    }
}

#[tokio::test]
async fn what_is_written_of_gmails_quota_is_told_to_nobody() {
    let world = world().await;
    let delivery = Delivery::start(&world).await;
    world.connect(ANNA).await;
    delivery.finished().await;
    let invocations = delivery.answers().len();
    let event = Event::get(&format!("/users/{}/messages", sub(ANNA))).query("format=minimal").iam();
    assert_eq!(world.instance.send(&event).await.status(), 200);
    assert!(world.items().iter().any(|item| item["pk"]["S"] == format!("quota#{}", sub(ANNA))));
    delivery.finished().await;
    assert_eq!((types(&world), delivery.answers().len()), (vec!["created".to_owned()], invocations));
}

#[tokio::test]
async fn every_end_is_told_with_its_reason_and_who_ended_it() {
    let world = world().await;
    let delivery = Delivery::start(&world).await;
    world.connect(ANNA).await;

    pass(&world);
    world.google.revoke(&sub(ANNA));
    assert_eq!(list(&world).await, 401);
    delivery.finished().await;
    assert_eq!(last_end(&world), ended("revoked", "invalid_grant", "failed_refresh"));

    for ((family, name), more, reason) in [
        (("oauth", "tokens-revoked"), json!({}), "tokens_revoked"),
        (("risc", "account-disabled"), json!({"reason": "hijacking"}), "account_disabled:hijacking"),
        (("risc", "account-disabled"), json!({}), "account_disabled"),
        (("risc", "account-disabled"), json!({"reason": "Anna <a@b.c>"}), "account_disabled"),
    ] {
        reconsent(&world).await;
        announce(&world, family, name, &more).await;
        delivery.finished().await;
        assert_eq!(last_end(&world), ended("revoked", reason, "google_event"), "{name} {more}");
    }

    reconsent(&world).await;
    disconnect(&world, by_backend()).await;
    delivery.finished().await;
    assert_eq!(last_end(&world), ended("deleted", "disconnected", "disconnect"));

    reconsent(&world).await;
    let cookies = world.visitor.jar().cookies();
    disconnect(&world, Event::delete("/connection").cookies(cookies).header("origin", BASE_URL)).await;
    delivery.finished().await;
    assert_eq!(last_end(&world), ended("deleted", "disconnected_by_user", "user"));

    let first = ["created", "revoked"];
    let events = ["replaced", "revoked"].repeat(4);
    let ends = ["replaced", "revoked", "deleted", "created", "revoked", "deleted"];
    assert_eq!(types(&world), [first.as_slice(), &events, &ends].concat());
    assert_ordered(&world);
}

#[tokio::test]
async fn an_event_says_who_what_and_when_and_nothing_else() {
    let world = world().await;
    let delivery = Delivery::start(&world).await;
    world.connect(ANNA).await;
    reconsent(&world).await;
    disconnect(&world, by_backend()).await;
    delivery.finished().await;
    let ended = ["event_id", "generation", "occurred_at", "reason", "source", "user_id"];
    let members =
        |detail: &Value| detail.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    for (event, (kind, expected)) in events(&world).iter().zip([
        ("created", &["event_id", "generation", "occurred_at", "user_id"][..]),
        ("replaced", &["event_id", "generation", "occurred_at", "user_id"]),
        ("revoked", &ended),
        ("deleted", &ended),
    ]) {
        assert_eq!((event.source.as_str(), event.detail_type.clone()), ("gmail-connect", format!("Connection {kind}")));
        assert!(members(&event.detail).iter().eq(expected), "{event:?}");
        assert_eq!(event.detail["user_id"], sub(ANNA));
    }
    let row_time =
        |event: &Value| shared::domain::time::Timestamp::parse(event["occurred_at"].as_str().unwrap()).unwrap();
    let times: Vec<_> = events(&world).iter().take(3).map(|event| row_time(&event.detail)).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn access_tokens_leases_and_sessions_are_nobodys_business() {
    let world = world().await;
    let delivery = Delivery::start(&world).await;
    world.connect(ANNA).await;
    pass(&world);
    assert_eq!(list(&world).await, 200);
    announce(&world, "risc", "sessions-revoked", &json!({})).await;
    announce(&world, "risc", "account-enabled", &json!({})).await;
    // The same refresh token, and a new access token.
    let location = world.consent(&world.visitor.begin("").await, &Decision::all(ANNA));
    assert_eq!(world.callback(&location).await.status(), 200);
    delivery.finished().await;
    assert_eq!(types(&world), ["created"]);
}

#[tokio::test]
async fn what_is_revoked_already_is_not_told_again() {
    let world = world().await;
    let delivery = Delivery::start(&world).await;
    world.connect(ANNA).await;
    announce(&world, "oauth", "tokens-revoked", &json!({})).await;
    announce(&world, "oauth", "tokens-revoked", &json!({})).await;
    announce(&world, "risc", "account-disabled", &json!({})).await;
    assert_eq!(list(&world).await, 401);
    delivery.finished().await;
    assert_eq!(types(&world), ["created", "revoked"]);
    assert_ordered(&world);
}

#[tokio::test]
async fn each_user_has_an_order_of_their_own() {
    let world = world().await;
    let delivery = Delivery::start(&world).await;
    for _ in 0..3 {
        world.connect(ANNA).await;
        world.connect(DAVID).await;
        disconnect(&world, by_backend()).await;
    }
    delivery.finished().await;
    let of = |email: &str| told(&world).into_iter().filter(|(_, detail)| detail["user_id"] == sub(email)).count();
    assert_eq!((of(ANNA), of(DAVID)), (9, 1));
    assert_ordered(&world);
}

#[tokio::test]
async fn no_event_holds_a_token_or_an_address() {
    let world = world().await;
    let delivery = Delivery::start(&world).await;
    world.connect(ANNA).await;
    reconsent(&world).await;
    announce(&world, "risc", "account-disabled", &json!({"reason": ANNA})).await;
    disconnect(&world, by_backend()).await;
    delivery.finished().await;
    assert_eq!(types(&world), ["created", "replaced", "revoked", "deleted"]);
    let text = format!("{:?}", events(&world));
    world.assert_nothing_readable("the bus", &text);
    assert_no_secrets(&[("the bus", text.as_str())], &[("an address", ANNA), ("a client id", CLIENT_ID)]);
}
