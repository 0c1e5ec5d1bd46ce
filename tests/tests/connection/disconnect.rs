//! The end of a connection, as it should go.

use std::{collections::BTreeMap, time::Duration};

use local::google::{Decision, Endpoint};
use serde_json::Value;
use tests::{
    event::Event,
    world::{ANNA, BASE_URL, DAVID, Settings, World},
};

use super::*;

/// A session as an event carries it.
fn with_session(session: &str) -> [Event; 3] {
    [
        Event::get("/connection").cookie(session),
        Event::delete("/connection").cookie(session).header("origin", BASE_URL),
        Event::get("/messages").cookie(session),
    ]
}

#[tokio::test]
async fn both_routes_end_the_access_at_google_and_leave_nothing_stored() {
    for browser in [true, false] {
        let world = connected().await;
        consent_again(&world).await;
        world.visitor.get("/messages").await;
        assert_eq!((living_refresh_tokens(&world).await, index(&world, ANNA).len()), (2, 2));
        let event = if browser { ended_by(&world.visitor) } else { ended(ANNA) };
        let answer = world.instance.send(&event).await;
        assert_disconnected(&answer, true);
        world.assert_nothing_readable("the answer", &answer.body());
        assert_gone(&world, ANNA);
        assert_eq!((living_refresh_tokens(&world).await, world.google.calls(Endpoint::Revoke)), (0, 1));
        problem(&world.instance.send(&messages(ANNA)).await, 404, "connection_not_found");
        problem(&world.instance.send(&event).await, 404, "connection_not_found");
        assert_eq!(world.google.calls(Endpoint::Revoke), 1);
    }
}

#[tokio::test]
async fn google_is_sent_the_refresh_token_in_a_form_and_nothing_else() {
    let world = connected().await;
    let token = world.issued_tokens().into_iter().find(|token| token.starts_with("1//")).unwrap();
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    let requests = world.google.requests(Endpoint::Revoke);
    let form: Vec<_> = url::form_urlencoded::parse(&requests[0].body).into_owned().collect();
    assert_eq!(form, [("token".to_owned(), token)]);
    assert_eq!(requests[0].uri.query(), None);
}

#[tokio::test]
async fn the_browsers_session_cookie_is_ended_and_no_other() {
    let world = connected().await;
    world.visitor.begin("").await;
    let answer = world.instance.send(&ended_by(&world.visitor)).await;
    let cookies: Vec<_> = answer.cookies().collect();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let mut attributes: Vec<_> = cookies[0].split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax", "Secure", "__Host-session="]);
    world.visitor.jar().apply(answer.cookies());
    assert_eq!(world.visitor.jar().value(SESSION), None);
    problem(&world.visitor.get("/connection").await, 401, "session_required");
}

#[tokio::test]
async fn a_backend_gets_no_cookie() {
    let world = connected().await;
    let event = ended(ANNA).cookies(world.visitor.jar().cookies());
    assert_eq!(world.instance.send(&event).await.cookies().count(), 0);
}

#[tokio::test]
async fn on_plain_http_loopback_the_cookie_that_ends_is_the_one_that_was_set() {
    let base = "http://localhost:8787";
    let settings = Settings { redirect_uris: vec![format!("{base}/callback")], ..Settings::default() };
    let world = settings.variable("PUBLIC_BASE_URL", base).start().await;
    let location = world.consent(&world.visitor.begin("").await, &Decision::all(ANNA));
    assert_eq!(world.callback(&location).await.status(), 200);
    let event = Event::delete("/connection").cookies(world.visitor.jar().cookies()).header("origin", base);
    let answer = world.instance.send(&event).await;
    assert_disconnected(&answer, true);
    assert_eq!(answer.cookie_value("session"), Some(""));
}

#[tokio::test]
async fn a_session_of_before_is_worth_nothing_afterwards_also_once_connected_again() {
    for by_browser in [true, false] {
        let world = World::start().await;
        let (first, second) = (world.connect(ANNA).await, world.connect(ANNA).await);
        let event = if by_browser {
            Event::delete("/connection").cookie(&first).header("origin", BASE_URL)
        } else {
            ended(ANNA)
        };
        assert_disconnected(&world.instance.send(&event).await, true);
        for session in [&first, &second] {
            for event in with_session(session) {
                problem(&world.instance.send(&event).await, 404, "connection_not_found");
            }
        }
        world.clock.advance(Duration::from_millis(1));
        let new = world.connect(ANNA).await;
        for session in [&first, &second] {
            for event in with_session(session) {
                problem(&world.instance.send(&event).await, 401, "session_required");
            }
        }
        assert_eq!(told(&world.instance.send(&Event::get("/connection").cookie(&new)).await)["status"], "active");
    }
}

#[tokio::test]
async fn connected_again_it_is_a_new_connection_with_a_higher_generation() {
    let world = connected().await;
    let before = world.connection(ANNA).unwrap();
    world.clock.advance(Duration::from_secs(1));
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    world.connect(ANNA).await;
    let after = world.connection(ANNA).unwrap();
    let generation = |item: &Value| item["generation"]["N"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(generation(&after) > generation(&before) + 1);
    assert_ne!(after["connected_at"], before["connected_at"]);
    assert_eq!((index(&world, ANNA).len(), gives_access(&world, ANNA).await), (2, true));
}

#[tokio::test]
async fn a_token_that_is_dead_already_is_success() {
    let world = connected().await;
    world.google.revoke(&tests::world::sub(ANNA));
    assert_disconnected(&world.instance.send(&ended_by(&world.visitor)).await, true);
    assert_eq!(world.google.calls(Endpoint::Revoke), 1);
    assert_gone(&world, ANNA);
}

#[tokio::test]
async fn a_connection_that_was_revoked_before_is_deleted_too() {
    let world = connected().await;
    world.google.revoke(&tests::world::sub(ANNA));
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(world.instance.send(&messages(ANNA)).await.status(), 401);
    assert_eq!(world.attribute(ANNA, "status").unwrap(), "revoked");
    let answer = world.instance.send(&ended_by(&world.visitor)).await;
    assert_disconnected(&answer, true);
    assert_eq!(answer.cookie_value(SESSION), Some(""));
    assert_gone(&world, ANNA);
}

#[tokio::test]
async fn an_access_whose_time_is_over_is_deleted_too() {
    let world = connected_with(Settings { testing: true, ..Settings::default() }).await;
    world.clock.advance(Duration::from_hours(8 * 24));
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    assert_gone(&world, ANNA);
}

#[tokio::test]
async fn a_connection_of_another_client_is_ended_too() {
    let world = connected().await;
    let file = world.google.client_secret_file(tests::world::OTHER_CLIENT_ID).unwrap();
    world.aws.secrets().put(tests::world::CLIENT_SECRET_ID, &file.to_string()).unwrap();
    let instance = world.another_instance().await;
    assert_disconnected(&instance.send(&ended(ANNA)).await, true);
    assert_gone(&world, ANNA);
    assert_eq!(living_refresh_tokens(&world).await, 0);
}

#[tokio::test]
async fn the_account_of_another_user_stays_as_it_is() {
    let world = connected().await;
    world.connect(DAVID).await;
    let (row, entries) = (world.connection(DAVID), index(&world, DAVID));
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    assert_eq!((world.connection(DAVID), index(&world, DAVID)), (row, entries));
    assert_eq!(living_refresh_tokens(&world).await, 1);
}

/// A row of before there was the attribute, or one that somebody damaged: the index is made from the token itself.
#[tokio::test]
async fn a_connection_that_does_not_say_its_index_is_deleted_with_it() {
    for index in [None, Some(json!({"S": "x"})), Some(json!({"SS": ["a", "b"]})), Some(json!({"BS": ["AAAA"]}))] {
        let world = connected().await;
        world.change_connection(ANNA, |item| match &index {
            None => drop(item.as_object_mut().unwrap().remove("token_index")),
            Some(index) => item["token_index"] = index.clone(),
        });
        assert_disconnected(&world.another_instance().await.send(&ended(ANNA)).await, true);
        assert_gone(&world, ANNA);
    }
}

#[tokio::test]
async fn a_connection_that_claims_the_index_of_another_user_leaves_that_alone() {
    let world = connected().await;
    world.connect(DAVID).await;
    let entries = index(&world, DAVID);
    let claimed = world.connection(DAVID).unwrap()["token_index"].clone();
    let claim = || world.change_connection(ANNA, |item| item["token_index"] = claimed.clone());
    claim();
    consent_again(&world).await;
    assert_eq!(index(&world, DAVID), entries);
    claim();
    assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
    assert_eq!((world.connection(ANNA), index(&world, DAVID)), (None, entries));
}

/// The steps that tests of crashes and races stand on.
#[tokio::test]
async fn a_disconnection_at_a_cold_instance_makes_just_these_calls() {
    let world = connected().await;
    let (instance, event) = disconnection(&world).await;
    let calls = calls_of(&world, async { assert_disconnected(&instance.send(&event).await, true) }).await;
    let expected = BTreeMap::from([
        ("DynamoDB", 3),
        ("DynamoDB.GetItem", 1),
        ("DynamoDB.UpdateItem", 1),
        ("DynamoDB.TransactWriteItems", 1),
        ("KMS", 1),
        ("Google", 1),
    ]);
    assert_eq!(calls, expected);
    assert_eq!(u64::try_from(STEPS.len()).unwrap(), calls["DynamoDB"] + calls["KMS"]);
}
