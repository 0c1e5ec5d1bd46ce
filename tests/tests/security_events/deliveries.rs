//! The whole circle: something happens to an account, Google tells it by itself, and the connection follows.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use bytes::Bytes;
use local::{
    aws::{AwsFault, Effect as AwsEffect},
    google::{DisabledReason, Effect, Endpoint, Outcome, SecurityEvent, TokenName},
};
use tests::world::DAVID;
use tokio::net::TcpListener;

use super::*;

/// Has Google deliver to an instance, as API Gateway hands it over.
async fn register(world: &World, instance: Arc<Instance>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/security-events", listener.local_addr().unwrap());
    let router = Router::new().route("/security-events", post(receive)).with_state(instance);
    tokio::spawn(axum::serve(listener, router).into_future());
    world.google.deliver_security_events_to(&url);
    world.google.wait_before_redelivery(Duration::from_millis(1));
}

async fn receive(State(instance): State<Arc<Instance>>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let content_type = headers["content-type"].to_str().unwrap();
    let answer = instance.send(&Event::post("/security-events").body(content_type, body)).await;
    (StatusCode::from_u16(answer.status()).unwrap(), answer.body())
}

/// A world in which Anna is connected and Google delivers.
async fn registered() -> World {
    let world = connected().await;
    register(&world, world.instance.clone()).await;
    world
}

/// Google tells something, until all is delivered or given up; what became of the latest.
async fn announce(world: &World, event: SecurityEvent) -> (Outcome, u32, Option<u16>) {
    world.google.announce(&event);
    world.google.settled().await;
    let last = world.google.deliveries().pop().unwrap();
    (last.outcome, last.tries, last.status)
}

const AT_ONCE: (Outcome, u32, Option<u16>) = (Outcome::Delivered, 1, Some(202));

#[tokio::test]
async fn whatever_happens_to_the_account_happens_to_the_connection() {
    let anna = || sub(ANNA);
    for (event, reason) in [
        (SecurityEvent::TokensRevoked { sub: anna() }, Some("tokens_revoked")),
        (SecurityEvent::TokenRevoked { sub: anna(), named_by: TokenName::Prefix }, Some("token_revoked")),
        (SecurityEvent::TokenRevoked { sub: anna(), named_by: TokenName::Hash }, Some("token_revoked")),
        (SecurityEvent::AccountDisabled { sub: anna(), reason: None }, Some("account_disabled")),
        (
            SecurityEvent::AccountDisabled { sub: anna(), reason: Some(DisabledReason::Hijacking) },
            Some("account_disabled:hijacking"),
        ),
        (
            SecurityEvent::AccountDisabled { sub: anna(), reason: Some(DisabledReason::BulkAccount) },
            Some("account_disabled:bulk-account"),
        ),
        (SecurityEvent::SessionsRevoked { sub: anna() }, None),
        (SecurityEvent::AccountEnabled { sub: anna() }, None),
        (SecurityEvent::AccountCredentialChangeRequired { sub: anna() }, None),
        (SecurityEvent::Verification { state: "a test".to_owned() }, None),
    ] {
        let world = registered().await;
        assert_eq!(announce(&world, event.clone()).await, AT_ONCE, "{event:?}");
        assert_status(&world, if reason.is_some() { "revoked" } else { "active" }, reason);
        let gone = matches!(event, SecurityEvent::AccountDisabled { .. } | SecurityEvent::SessionsRevoked { .. });
        assert_eq!(world.visitor.get("/connection").await.status() == 401, gone, "{event:?}");
    }
}

#[tokio::test]
async fn a_user_who_removes_the_access_at_google_is_known_without_a_question() {
    let world = registered().await;
    connect_apart(&world, DAVID).await;
    let token_calls = world.google.calls(Endpoint::Token);
    world.google.revoke(&sub(ANNA));
    assert_eq!(announce(&world, SecurityEvent::TokensRevoked { sub: sub(ANNA) }).await, AT_ONCE);
    let told = world.instance.send(&Event::get(&format!("/users/{}/connection", sub(ANNA))).iam()).await;
    assert_eq!(told.json().unwrap()["status_reason"], "tokens_revoked");
    assert_eq!(world.google.calls(Endpoint::Token), token_calls);
    assert_eq!(list(&world.instance, DAVID).await.status(), 200);
    world.clock.advance(Duration::from_mins(1));
    world.connect(ANNA).await;
    assert_eq!(list(&world.instance, ANNA).await.status(), 200);
}

#[tokio::test]
async fn a_table_that_is_away_for_a_while_loses_no_event() {
    let world = registered().await;
    world.aws.faults().fail("DynamoDB.PutItem", AwsFault::times(6, AwsEffect::Status(500)));
    let delivered = announce(&world, SecurityEvent::TokensRevoked { sub: sub(ANNA) }).await;
    assert_eq!(delivered, (Outcome::Delivered, 3, Some(202)));
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn a_table_that_stays_away_is_told_to_google_as_our_fault() {
    let world = registered().await;
    world.aws.faults().fail("DynamoDB", AwsFault::always(AwsEffect::Status(500)));
    let (outcome, tries, status) = announce(&world, SecurityEvent::TokensRevoked { sub: sub(ANNA) }).await;
    assert_eq!((outcome, status), (Outcome::GivenUp, Some(503)));
    assert!(tries > 1);
}

#[tokio::test]
async fn events_signed_with_a_new_key_are_taken_at_the_first_delivery() {
    let world = registered().await;
    assert_eq!(announce(&world, SecurityEvent::AccountEnabled { sub: sub(ANNA) }).await, AT_ONCE);
    world.google.rotate_keys();
    assert_eq!(announce(&world, SecurityEvent::TokensRevoked { sub: sub(ANNA) }).await, AT_ONCE);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn an_event_whose_key_cannot_be_fetched_at_first_is_not_lost() {
    let world = registered().await;
    assert_eq!(announce(&world, SecurityEvent::AccountEnabled { sub: sub(ANNA) }).await, AT_ONCE);
    world.google.rotate_keys();
    world.google.faults().inject_times(Endpoint::Certs, 1, Effect::Disconnect);
    let (outcome, ..) = announce(&world, SecurityEvent::TokensRevoked { sub: sub(ANNA) }).await;
    // The clock stands still, so the keys are not fetched again; but it must not be called wrong.
    assert_ne!(outcome, Outcome::Rejected);
}
