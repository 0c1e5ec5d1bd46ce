//! Who consented: the ID token's checks, Google's keys, and userinfo in its place.

use std::time::{Duration, Instant};

use local::google::{
    Effect, Endpoint,
    IdTokenFault::{
        self, AlgNone, BadSignature, Expired, IssuedInFuture, Missing, NoSubject, UnknownKid, WrongAudience, WrongAzp,
        WrongIssuer, WrongNonce,
    },
};
use tests::world::{ANNA, DAVID, READONLY, Settings, World, sub};

use super::{assert_connected, assert_nothing_stored, assert_problem, attempt, body, connect, fault, program, status};

fn spoil(world: &World, id_token: IdTokenFault) {
    fault(world, Endpoint::Token, 1, Effect::IdToken(id_token));
}

#[tokio::test]
async fn an_id_token_that_fails_a_check_is_not_believed_and_nothing_is_stored() {
    for id_token in
        [BadSignature, UnknownKid, AlgNone, WrongIssuer, WrongAudience, WrongAzp, WrongNonce, Expired, IssuedInFuture]
    {
        let world = World::start().await;
        spoil(&world, id_token);
        let answer = connect(&world, "").await;
        assert_problem(&answer, 502, "invalid_id_token");
        assert_nothing_stored(&world);
        assert_eq!(world.google.calls(Endpoint::UserInfo), 0, "{id_token:?}");
    }
}

#[tokio::test]
async fn an_id_token_that_is_not_believed_leaves_the_stored_connection_as_it_is() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let stored = world.items();
    spoil(&world, WrongNonce);
    assert_problem(&connect(&world, "prompt=consent").await, 502, "invalid_id_token");
    assert_eq!(world.items(), stored);
}

#[tokio::test]
async fn the_keys_are_fetched_once_and_kept_as_long_as_google_says() {
    let world = World::start().await;
    for _ in 0..3 {
        assert_connected(&connect(&world, "").await);
    }
    assert_eq!(world.google.calls(Endpoint::Certs), 1);
    world.clock.advance(Duration::from_secs(23_474));
    assert_connected(&connect(&world, "").await);
    assert_eq!(world.google.calls(Endpoint::Certs), 2);
}

#[tokio::test]
async fn a_new_key_of_googles_is_fetched_when_it_is_first_seen() {
    let world = World::start().await;
    assert_connected(&connect(&world, "").await);
    for fetched in 2..5 {
        world.google.rotate_keys();
        assert_connected(&connect(&world, "").await);
        assert_eq!(world.google.calls(Endpoint::Certs), fetched);
    }
}

#[tokio::test]
async fn a_key_that_nobody_knows_is_looked_for_once() {
    let world = World::start().await;
    assert_connected(&connect(&world, "").await);
    spoil(&world, UnknownKid);
    assert_problem(&connect(&world, "").await, 502, "invalid_id_token");
    assert_eq!(world.google.calls(Endpoint::Certs), 2);
}

#[tokio::test]
async fn the_keys_are_fetched_while_the_exchange_is_under_way() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 1, Effect::Hang(Duration::from_mins(1)));
    let visitor = program(&world);
    let location = world.consent(&visitor.begin("").await, &local::google::Decision::all(ANNA));
    world.instance.send_within(&visitor.event(&location), Duration::from_secs(1)).await;
    assert_eq!(world.google.calls(Endpoint::Certs), 1);
}

#[tokio::test]
async fn keys_that_cannot_be_had_for_a_moment_are_asked_for_again() {
    let world = World::start().await;
    fault(&world, Endpoint::Certs, 2, status(503));
    assert_connected(&connect(&world, "").await);
}

#[tokio::test]
async fn without_keys_no_id_token_is_believed() {
    for effect in [status(503), status(404), Effect::Malformed, body("{}"), body("{\"keys\":[]}"), body("[]")] {
        let world = World::start().await;
        fault(&world, Endpoint::Certs, 99, effect.clone());
        let answer = connect(&world, "").await;
        assert_eq!(answer.status(), 502, "{effect:?}");
        assert_nothing_stored(&world);
    }
}

#[tokio::test]
async fn without_an_id_token_or_without_its_sub_userinfo_says_who_consented() {
    for id_token in [Missing, NoSubject] {
        let world = World::start().await;
        spoil(&world, id_token);
        let answer = connect(&world, "").await;
        assert_connected(&answer);
        let (body, requests) = (answer.json().unwrap(), world.google.requests(Endpoint::UserInfo));
        assert_eq!((&body["user_id"], &body["email"]), (&sub(ANNA).into(), &ANNA.into()));
        assert_eq!(requests.len(), 1);
        assert!(requests[0].headers["authorization"].to_str().unwrap().starts_with("Bearer ya29."));
    }
}

#[tokio::test]
async fn userinfo_that_fails_for_a_moment_is_asked_again() {
    let world = World::start().await;
    spoil(&world, Missing);
    fault(&world, Endpoint::UserInfo, 2, status(503));
    assert_connected(&connect(&world, "").await);
}

#[tokio::test]
async fn where_userinfo_gives_no_id_either_there_is_no_user_id() {
    for effect in [
        body("{}"),
        body("{\"sub\":\"\"}"),
        body("{\"sub\":7}"),
        body("<html>"),
        body("{\"sub\":\"a b\"}"),
        status(401),
        status(403),
    ] {
        let world = World::start().await;
        spoil(&world, Missing);
        fault(&world, Endpoint::UserInfo, 99, effect);
        assert_problem(&connect(&world, "").await, 502, "no_user_id");
        assert_nothing_stored(&world);
    }
}

#[tokio::test]
async fn where_userinfo_stays_down_google_is_to_blame_and_nothing_is_stored() {
    let world = World::start().await;
    spoil(&world, Missing);
    fault(&world, Endpoint::UserInfo, 99, status(503));
    assert_eq!(connect(&world, "").await.status(), 502);
    assert_nothing_stored(&world);
}

#[tokio::test]
async fn the_user_is_who_consented_not_who_was_hinted_at() {
    let world = World::start().await;
    let query = format!("login_hint={}&prompt=select_account", sub(ANNA));
    let answer = attempt(&world, &query, &local::google::Decision::all(DAVID)).await;
    assert_eq!(answer.json().unwrap()["user_id"], sub(DAVID));
    assert!(world.connection(ANNA).is_none());
}

#[tokio::test]
async fn keys_that_never_come_are_given_up_by_the_deadline() {
    let world = World::start().await;
    fault(&world, Endpoint::Certs, 99, Effect::Hang(Duration::from_mins(1)));
    let visitor = program(&world);
    let location = world.consent(&visitor.begin("").await, &local::google::Decision::all(ANNA));
    let (started, limit) = (Instant::now(), Duration::from_secs(2));
    let answer = world.instance.send_within(&visitor.event(&location), limit).await;
    assert_problem(&answer, 502, "google_unavailable");
    let late = started.elapsed().saturating_sub(limit);
    assert!(late < Duration::from_millis(400), "{late:?} late");
}

#[tokio::test]
async fn without_an_identity_scope_there_is_no_user_id() {
    let world = Settings::default().variable("SCOPES", READONLY).start().await;
    assert_problem(&connect(&world, "").await, 502, "no_user_id");
}

#[tokio::test]
async fn an_account_whose_address_we_may_not_know_is_connected_without_it() {
    let world = Settings::default().variable("SCOPES", &format!("openid {READONLY}")).start().await;
    let answer = connect(&world, "").await;
    assert_connected(&answer);
    assert_eq!(answer.json().unwrap()["email"], serde_json::Value::Null);
    assert_eq!(world.attribute(ANNA, "email"), None);
    let page = world.callback(&world.consented("").await).await;
    assert!(page.status() == 200 && page.body().contains("Gmail is connected"));
}
