//! Who may list whose messages.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{
    event::Event,
    world::{ANNA, BASE_URL, DAVID, TABLE, World, connection_key, sub},
};

use super::{connected, list, listing, of, problem};

const SESSION: &str = "__Host-session";

fn with_cookie(value: &str) -> Event {
    Event::get("/messages").cookie(format!("{SESSION}={value}"))
}

fn session(world: &World) -> String {
    world.visitor.jar().value(SESSION).unwrap().to_owned()
}

/// Where a caller is told to send Anna; `known` if the caller could be told whose messages these are.
fn authorization_url(known: bool, consent: bool) -> String {
    let hint = if known { format!("?login_hint={}", sub(ANNA)) } else { String::new() };
    format!("{BASE_URL}/authorize{hint}{}", if consent { "&prompt=consent" } else { "" })
}

#[tokio::test]
async fn a_session_and_a_signed_backend_get_the_same_listing() {
    let world = connected().await;
    let (own, users) = (world.visitor.get("/messages").await, list(&world, "").await);
    assert_eq!(listing(&own), listing(&users));
    assert_eq!(own.header("content-type"), Some("application/json"));
    assert_eq!(own.cookies().count(), 0);
}

#[tokio::test]
async fn a_route_for_backends_without_its_authorizer_opens_no_mailbox() {
    let world = connected().await;
    let calls = (world.google_calls(), world.aws_calls());
    let path = format!("/users/{}/messages", sub(ANNA));
    let bare = Event::get(&path).cookie(format!("{SESSION}={}", session(&world)));
    let mut events = vec![bare.json(), Event::get("/users/not a subject/messages").json()];
    for authorizer in [json!(null), json!({}), json!({ "iam": null }), json!({ "jwt": { "claims": {} } })] {
        let mut event = bare.json();
        event["requestContext"]["authorizer"] = authorizer;
        events.push(event);
    }
    for event in events {
        let answer = world.instance.send_raw("list-messages", &event.to_string()).await;
        let told = problem(&answer, 403, "forbidden");
        assert_eq!(told["authorization_url"], Value::Null);
    }
    assert_eq!((world.google_calls(), world.aws_calls()), calls);
}

#[tokio::test]
async fn a_user_id_that_is_no_subject_is_named() {
    let world = connected().await;
    let calls = world.google_calls();
    for user_id in ["with space", "ü", "\u{7}", &"9".repeat(256)] {
        let event = Event::get(&format!("/users/{user_id}/messages")).iam();
        let told = problem(&world.instance.send(&event).await, 400, "invalid_request");
        assert!(told["detail"].as_str().unwrap().contains("user_id"), "{told}");
    }
    assert_eq!(world.google_calls(), calls);
}

#[tokio::test]
async fn a_backend_is_told_of_a_user_who_never_connected() {
    let world = connected().await;
    for user_id in [sub(DAVID), "no-such-user".to_owned(), "%2e%2e".to_owned(), "#&?".to_owned()] {
        let event = Event::get(&format!("/users/{user_id}/messages")).iam();
        let told = problem(&world.instance.send(&event).await, 404, "connection_not_found");
        let url = url::Url::parse(told["authorization_url"].as_str().unwrap()).unwrap();
        assert_eq!(url.path(), "/authorize");
        let query: Vec<_> = url.query_pairs().into_owned().collect();
        assert_eq!(query, [("login_hint".into(), user_id), ("prompt".into(), "consent".into())]);
    }
}

#[tokio::test]
async fn a_browser_whose_connection_is_gone_is_sent_to_consent() {
    let world = connected().await;
    world.aws.delete_item(TABLE, &connection_key(ANNA)).unwrap();
    let told = problem(&world.visitor.get("/messages").await, 404, "connection_not_found");
    assert_eq!(told["authorization_url"], authorization_url(true, true));
}

#[tokio::test]
async fn a_browser_needs_a_session_of_this_deployment() {
    let world = connected().await;
    let session = session(&world);
    let other_world = connected().await;
    let rewritten = {
        world.visitor.begin("").await;
        let jar = world.visitor.jar().cookies();
        let pending = jar.iter().find(|cookie| cookie.starts_with("__Host-pending-")).unwrap();
        pending.split_once('=').unwrap().1.to_owned()
    };
    let changed = format!("{}{}", if session.starts_with('A') { 'B' } else { 'A' }, &session[1..]);
    let events = [
        Event::get("/messages"),
        with_cookie(""),
        with_cookie("x"),
        with_cookie("ü"),
        with_cookie(&"A".repeat(4_000)),
        with_cookie(&session[..session.len() - 1]),
        with_cookie(&changed),
        with_cookie(&rewritten),
        Event::get("/messages").cookie(format!("session={session}")),
        Event::get("/messages").iam(),
    ];
    let calls = world.google_calls();
    for event in &events {
        let told = problem(&world.instance.send(event).await, 401, "session_required");
        assert_eq!(told["authorization_url"], authorization_url(false, false), "{event:?}");
    }
    assert_eq!(world.google_calls(), calls);
    // The other deployment has the same cookie key, but had it another one, its sessions would not open either.
    other_world
        .aws
        .secrets()
        .put(tests::world::COOKIE_KEY_SECRET_ID, "quite another cookie key, of the same length")
        .unwrap();
    other_world
        .aws
        .secrets()
        .put(tests::world::COOKIE_KEY_SECRET_ID, "and one more, so that nothing is left of it")
        .unwrap();
    let elsewhere = other_world.another_instance().await;
    problem(&elsewhere.send(&with_cookie(&session)).await, 401, "session_required");
}

#[tokio::test]
async fn a_session_ends_with_its_lifetime() {
    let world = connected().await;
    world.clock.advance(Duration::from_millis(8 * 3_600_000 - 1));
    listing(&world.visitor.get("/messages").await);
    world.clock.advance(Duration::from_millis(1));
    let told = problem(&world.visitor.get("/messages").await, 401, "session_required");
    assert_eq!(told["authorization_url"], authorization_url(true, false));
}

#[tokio::test]
async fn a_session_lives_as_long_as_the_deployment_says() {
    let world = connected().await;
    let short = world.instance_with(&[("SESSION_TTL_SECONDS", "60")]).await.unwrap();
    let visitor = world.visitor.duplicate().at(&short);
    listing(&visitor.get("/messages").await);
    world.clock.advance(Duration::from_mins(1));
    problem(&visitor.get("/messages").await, 401, "session_required");
}

#[tokio::test]
async fn a_session_that_its_connection_ended_is_refused_and_a_backend_is_not() {
    let world = connected().await;
    world.clock.advance(Duration::from_secs(1));
    let now = serde_json::to_value(shared::domain::time::Clock::now(&*world.clock)).unwrap();
    world.change_connection(ANNA, |item| {
        let valid_after = item["sessions_valid_after"].as_object_mut().unwrap();
        let kind = valid_after.keys().next().unwrap().clone();
        valid_after.insert(kind, now);
    });
    let told = problem(&world.visitor.get("/messages").await, 401, "session_required");
    assert_eq!(told["authorization_url"], authorization_url(true, false));
    listing(&world.instance.send(&of(ANNA, "")).await);
}

#[tokio::test]
async fn without_a_public_address_callers_are_sent_to_the_host_they_called() {
    let world = connected().await;
    let instance = world.instance_with(&[("PUBLIC_BASE_URL", "")]).await.unwrap();
    let event = Event::get("/messages").domain_name("abc.execute-api.eu-central-1.amazonaws.com");
    let told = problem(&instance.send(&event).await, 401, "session_required");
    assert_eq!(told["authorization_url"], "https://abc.execute-api.eu-central-1.amazonaws.com/authorize");
}
