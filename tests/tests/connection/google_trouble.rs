//! Google while a connection is ended: whatever it says or does not say, what is stored goes.

use std::time::{Duration, Instant};

use local::google::{Effect, Endpoint};
use serde_json::json;
use tests::world::{ANNA, World, sub};

use super::*;

/// What is kept of the time for the deletion.
const FOR_DELETION: Duration = Duration::from_secs(6);

fn answering(status: u16, body: &str, headers: &[(&str, &str)]) -> Effect {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Effect::Status { status, body: Some(body.to_owned()), headers }
}

/// The answer to a browser's wish to disconnect, which came within the time.
async fn disconnect_within(world: &World, time: Duration) -> Answer {
    let started = Instant::now();
    let answer = world.instance.send_within(&ended_by(&world.visitor), time).await;
    assert!(started.elapsed() < time, "{:?}", started.elapsed());
    answer
}

/// Asserts that all is gone here while the grant stands at Google, and that a new consent connects again.
async fn assert_deleted_all_the_same(world: &World, answer: &Answer) {
    assert_disconnected(answer, false);
    assert_eq!(answer.cookie_value(SESSION), Some(""));
    assert_gone(world, ANNA);
    world.google.faults().clear_all();
    assert_eq!(living_refresh_tokens(world).await, 1);
    consent_again(world).await;
    assert!(gives_access(world, ANNA).await);
}

#[tokio::test]
async fn while_google_is_in_trouble_the_connection_is_deleted_all_the_same() {
    let trouble = [
        (answering(500, "", &[]), 4),
        (answering(503, "<html>", &[]), 4),
        (answering(408, "", &[]), 4),
        (answering(429, "{}", &[]), 4),
        (answering(429, "{}", &[("retry-after", "3600")]), 1),
        (answering(400, "{\"error\":\"temporarily_unavailable\"}", &[]), 4),
        (Effect::Disconnect, 4),
        (answering(400, "{\"error\":\"invalid_request\"}", &[]), 1),
        (answering(400, "", &[]), 1),
        (answering(403, "{\"error\":{\"code\":403}}", &[]), 1),
        (answering(302, "", &[("location", "/elsewhere")]), 1),
    ];
    for (effect, tries) in trouble {
        let world = connected().await;
        world.google.faults().inject_times(Endpoint::Revoke, 99, effect.clone());
        let answer = world.instance.send(&ended_by(&world.visitor)).await;
        assert_eq!(world.google.calls(Endpoint::Revoke), tries, "{effect:?}");
        assert_deleted_all_the_same(&world, &answer).await;
    }
}

#[tokio::test]
async fn a_google_that_hangs_is_not_waited_for_longer_than_the_deletion_needs() {
    let world = connected().await;
    world.google.faults().inject_times(Endpoint::Revoke, 99, Effect::Hang(Duration::from_mins(2)));
    let answer = disconnect_within(&world, FOR_DELETION + Duration::from_secs(1)).await;
    assert_deleted_all_the_same(&world, &answer).await;
}

#[tokio::test]
async fn with_little_time_google_is_asked_and_the_connection_is_deleted_all_the_same() {
    let world = connected().await;
    world.google.faults().inject_times(Endpoint::Revoke, 99, Effect::Hang(Duration::from_mins(2)));
    let answer = disconnect_within(&world, Duration::from_secs(2)).await;
    assert_eq!(world.google.calls(Endpoint::Revoke), 1, "it is asked for half of the time");
    assert_deleted_all_the_same(&world, &answer).await;
}

#[tokio::test]
async fn a_google_that_recovers_is_asked_again() {
    for effect in [answering(503, "", &[]), answering(429, "", &[("retry-after", "0")]), Effect::Disconnect] {
        let world = connected().await;
        world.google.faults().inject_times(Endpoint::Revoke, 2, effect);
        assert_disconnected(&world.instance.send(&ended_by(&world.visitor)).await, true);
        assert_eq!((world.google.calls(Endpoint::Revoke), living_refresh_tokens(&world).await), (3, 0));
        assert_gone(&world, ANNA);
    }
}

#[tokio::test]
async fn a_revocation_whose_answer_was_lost_is_success() {
    let world = connected().await;
    world.google.faults().inject_times(Endpoint::Revoke, 1, Effect::LoseAnswer);
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    assert_eq!(living_refresh_tokens(&world).await, 0);
}

#[tokio::test]
async fn both_ways_of_google_to_say_that_a_token_is_dead_are_success() {
    for error in ["invalid_token", "invalid_grant"] {
        let world = connected().await;
        let body = json!({ "error": error, "error_description": "Token expired or revoked" }).to_string();
        world.google.faults().inject_times(Endpoint::Revoke, 99, answering(400, &body, &[]));
        assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
        assert_eq!(world.google.calls(Endpoint::Revoke), 1);
        assert_gone(&world, ANNA);
    }
}

#[tokio::test]
async fn nothing_that_google_says_reaches_the_caller() {
    let world = connected().await;
    let body = json!({ "error": "internal", "error_description": format!("secret of {ANNA}") }).to_string();
    world.google.faults().inject_times(Endpoint::Revoke, 99, answering(400, &body, &[("x-secret", "1")]));
    let answer = world.instance.send(&ended(ANNA)).await;
    assert_eq!(answer.body(), "{\"revoked_at_google\":false}");
    assert_eq!(answer.header("x-secret"), None);
}

#[tokio::test]
async fn a_disconnection_that_breaks_off_at_google_is_finished_by_the_next() {
    for (when, left) in [(local::google::When::Before, 1), (local::google::When::After, 0)] {
        let world = connected().await;
        let (instance, event) = disconnection(&world).await;
        let mut stop = world.google.faults().stop_at(1, when);
        tokio::select! {
            () = stop.reached() => {}
            answer = instance.send(&event) => panic!("{}", answer.body()),
        }
        drop(stop);
        assert_eq!(world.attribute(ANNA, "status_reason").unwrap(), "disconnected_by_user");
        assert_eq!(living_refresh_tokens(&world).await, left, "{when:?}");
        assert!(!gives_access(&world, ANNA).await);
        assert_eq!(world.attribute(ANNA, "user_id").unwrap(), sub(ANNA));
        let (instance, event) = disconnection(&world).await;
        assert_disconnected(&instance.send(&event).await, true);
        assert_gone(&world, ANNA);
        assert_eq!(living_refresh_tokens(&world).await, 0);
    }
}

#[tokio::test]
async fn while_google_is_asked_nobody_gets_an_access_token_any_more() {
    for (event, reason) in [(None, "disconnected_by_user"), (Some(ended(ANNA)), "disconnected")] {
        let world = connected().await;
        let event = event.unwrap_or_else(|| ended_by(&world.visitor));
        let mut stop = world.google.faults().stop_at(1, local::google::When::Before);
        let mut sent = std::pin::pin!(world.instance.send(&event));
        tokio::select! {
            () = stop.reached() => {}
            answer = &mut sent => panic!("{}", answer.body()),
        }
        let told = status(&world).await;
        assert_eq!((&told["status"], &told["status_reason"]), (&json!("revoked"), &json!(reason)));
        assert_eq!(world.attribute(ANNA, "access_token"), None);
        let refreshes = world.google.calls(Endpoint::Token);
        problem(&world.instance.send(&messages(ANNA)).await, 401, "reauthorization_required");
        assert_eq!(world.google.calls(Endpoint::Token), refreshes);
        drop(stop);
        assert_disconnected(&sent.await, true);
        assert_gone(&world, ANNA);
    }
}
