//! Who may ask about which connection, and end it.

use std::time::Duration;

use serde_json::{Value, json};
use shared::domain::time::Clock;
use tests::{
    event::Event,
    world::{ANNA, BASE_URL, COOKIE_KEY_SECRET_ID, DAVID, TABLE, World, connection_key, sub},
};

use super::{SESSION, asked, calls_of, connected, ended, ended_by, path, problem, told};

/// The same of both methods, with the browser's `Origin`.
fn both(cookie: Option<&str>) -> [Event; 2] {
    let with = |event: Event| match cookie {
        Some(value) => event.cookie(format!("{SESSION}={value}")),
        None => event,
    };
    [with(Event::get("/connection")), with(Event::delete("/connection").header("origin", BASE_URL))]
}

fn session(world: &World) -> String {
    world.visitor.jar().value(SESSION).unwrap().to_owned()
}

fn authorization_url(known: bool, consent: bool) -> String {
    let hint = if known { format!("?login_hint={}", sub(ANNA)) } else { String::new() };
    format!("{BASE_URL}/authorize{hint}{}", if consent { "&prompt=consent" } else { "" })
}

#[tokio::test]
async fn a_browser_needs_a_session_of_this_deployment() {
    let world = connected().await;
    let session = session(&world);
    world.visitor.begin("").await;
    let pending = world.visitor.jar().cookies().into_iter().find(|cookie| cookie.starts_with("__Host-pending-"));
    let pending = pending.unwrap().split_once('=').unwrap().1.to_owned();
    let changed = format!("{}{}", if session.starts_with('A') { 'B' } else { 'A' }, &session[1..]);
    let row = world.connection(ANNA);
    let (long, cut) = ("A".repeat(4_000), &session[..session.len() - 1]);
    for value in [None, Some(""), Some("x"), Some("ü"), Some(long.as_str()), Some(cut), Some(&changed), Some(&pending)]
    {
        for event in both(value) {
            let told = problem(&world.instance.send(&event).await, 401, "session_required");
            assert_eq!(told["authorization_url"], authorization_url(false, false), "{event:?}");
        }
    }
    for event in both(None) {
        problem(&world.instance.send(&event.iam()).await, 401, "session_required");
    }
    assert_eq!(world.connection(ANNA), row);
}

#[tokio::test]
async fn a_session_ends_with_its_lifetime() {
    let world = connected().await;
    world.clock.advance(Duration::from_millis(8 * 3_600_000 - 1));
    told(&world.visitor.get("/connection").await);
    world.clock.advance(Duration::from_millis(1));
    for event in both(Some(&session(&world))) {
        let told = problem(&world.instance.send(&event).await, 401, "session_required");
        assert_eq!(told["authorization_url"], authorization_url(true, false));
    }
    assert_eq!(world.attribute(ANNA, "status").unwrap(), "active");
}

#[tokio::test]
async fn a_session_that_its_connection_ended_is_refused_and_a_backend_is_not() {
    let world = connected().await;
    world.clock.advance(Duration::from_secs(1));
    let now = world.clock.now().to_string();
    world.change_connection(ANNA, |item| item["sessions_valid_after"] = json!({ "S": now }));
    for event in both(Some(&session(&world))) {
        let told = problem(&world.instance.send(&event).await, 401, "session_required");
        assert_eq!(told["authorization_url"], authorization_url(true, false));
    }
    assert_eq!(told(&world.instance.send(&asked(ANNA)).await)["status"], "active");
    assert_eq!(told(&world.instance.send(&ended(ANNA)).await)["revoked_at_google"], true);
}

#[tokio::test]
async fn a_session_of_the_cookie_key_before_is_good_and_one_of_the_key_before_that_is_not() {
    let world = connected().await;
    let rotate = |key: &str| world.aws.secrets().put(COOKIE_KEY_SECRET_ID, &key.repeat(40)).unwrap();
    rotate("b");
    let visitor = world.visitor.duplicate().at(&world.another_instance().await);
    told(&visitor.get("/connection").await);
    rotate("c");
    let instance = world.another_instance().await;
    for event in both(Some(&session(&world))) {
        problem(&instance.send(&event).await, 401, "session_required");
    }
}

#[tokio::test]
async fn a_warm_instance_takes_a_session_of_a_key_that_it_does_not_know_yet() {
    let world = connected().await;
    let warm = world.another_instance().await;
    world.clock.advance(Duration::from_mins(1));
    world.aws.secrets().put(COOKIE_KEY_SECRET_ID, &"b".repeat(40)).unwrap();
    let visitor = world.visitor().at(&world.another_instance().await);
    let location = world.consent(&visitor.begin("").await, &local::google::Decision::all(ANNA));
    assert_eq!(visitor.get(&location).await.status(), 200);
    told(&visitor.at(&warm).get("/connection").await);
}

#[tokio::test]
async fn without_a_connection_both_callers_are_shown_the_way_to_one() {
    let world = connected().await;
    world.aws.delete_item(TABLE, &connection_key(ANNA)).unwrap();
    let [get, delete] = both(Some(&session(&world)));
    for event in [get, delete, asked(ANNA), ended(ANNA)] {
        let told = problem(&world.instance.send(&event).await, 404, "connection_not_found");
        assert_eq!(told["authorization_url"], authorization_url(true, true), "{event:?}");
    }
    for event in [asked(DAVID), ended(DAVID)] {
        let told = problem(&world.instance.send(&event).await, 404, "connection_not_found");
        assert_eq!(told["authorization_url"], format!("{BASE_URL}/authorize?login_hint={}&prompt=consent", sub(DAVID)));
    }
}

#[tokio::test]
async fn a_backend_names_whoever_it_wants_and_nobody_else_is_touched() {
    let world = connected().await;
    world.connect(DAVID).await;
    let annas = world.connection(ANNA);
    assert_eq!(told(&world.instance.send(&asked(DAVID)).await)["email"], DAVID);
    super::assert_disconnected(&world.instance.send(&ended(DAVID)).await, true);
    assert_eq!(world.connection(ANNA), annas);
    assert_eq!(super::index(&world, ANNA).len(), 2);
    assert!(super::gives_access(&world, ANNA).await);
}

#[tokio::test]
async fn a_browser_reaches_its_own_connection_only() {
    let world = connected().await;
    let davids = world.visitor();
    let location = world.consent(&davids.begin("").await, &local::google::Decision::all(DAVID));
    assert_eq!(davids.get(&location).await.status(), 200);
    assert_eq!(told(&davids.get("/connection").await)["email"], DAVID);
    assert_eq!(told(&davids.send(&ended_by(&davids)).await)["revoked_at_google"], true);
    assert_eq!(world.attribute(ANNA, "status").unwrap(), "active");
    super::assert_gone(&world, DAVID);
}

#[tokio::test]
async fn a_route_for_backends_without_its_authorizer_reads_and_ends_nothing() {
    let world = connected().await;
    let cookie = format!("{SESSION}={}", session(&world));
    let bare = [
        Event::get(&path(ANNA)),
        Event::delete(&path(ANNA)).header("origin", BASE_URL),
        Event::get("/users"),
        Event::get("/users").query("page_token=x&max_results=0"),
        Event::delete("/users/not a subject/connection"),
    ];
    let calls = calls_of(&world, async {
        for event in bare {
            let event = event.cookie(&cookie).json();
            let mut events = vec![event.clone()];
            for authorizer in [json!(null), json!({}), json!({ "iam": null }), json!({ "jwt": { "claims": {} } })] {
                events.push(event.clone());
                events.last_mut().unwrap()["requestContext"]["authorizer"] = authorizer;
            }
            for event in events {
                let answer = world.instance.send_raw("connection", &event.to_string()).await;
                let told = problem(&answer, 403, "forbidden");
                assert_eq!(told["authorization_url"], Value::Null);
            }
        }
    });
    assert!(calls.await.is_empty());
    assert_eq!(world.attribute(ANNA, "status").unwrap(), "active");
}

#[tokio::test]
async fn a_user_id_that_is_no_subject_is_named_and_nothing_is_read() {
    let world = connected().await;
    let calls = calls_of(&world, async {
        for user_id in ["with space", "ü", "\u{7}", &"9".repeat(256)] {
            let path = format!("/users/{user_id}/connection");
            for event in [Event::get(&path).iam(), Event::delete(&path).iam()] {
                let told = problem(&world.instance.send(&event).await, 400, "invalid_request");
                assert!(told["detail"].as_str().unwrap().contains("user_id"), "{told}");
            }
        }
    });
    assert!(calls.await.is_empty());
}

#[tokio::test]
async fn what_is_no_route_is_not_found() {
    let world = connected().await;
    let calls = calls_of(&world, async {
        for event in [
            Event::new("POST", "/connection"),
            Event::new("PUT", &path(ANNA)).iam(),
            Event::delete("/users").iam(),
            Event::get("/users/").iam(),
            Event::get("/users//connection").iam(),
            Event::get("/connection/"),
        ] {
            let answer = world.instance.send_raw("connection", &event.json().to_string()).await;
            problem(&answer, 404, "not_found");
        }
    });
    assert!(calls.await.is_empty());
}
