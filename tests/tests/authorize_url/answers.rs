//! The shape of the answers: JSON, redirect, problem, page.

use std::time::Duration;

use serde_json::json;
use shared::domain::time::{Clock, Timestamp};
use tests::{
    answer::problem,
    event::Event,
    world::{NAVIGATION, World},
};

use super::parameters;

#[tokio::test]
async fn authorize_url_answers_json_with_the_url_and_its_end() {
    let world = World::start().await;
    let answer = world.authorize("").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json().unwrap();
    assert!(body.as_object().unwrap().keys().eq(["authorization_url", "expires_at"]), "{body}");
    let expires_at = body["expires_at"].as_str().unwrap();
    assert_eq!(Timestamp::parse(expires_at), Some(world.clock.now().after(Duration::from_mins(10))));
    assert!(expires_at.ends_with('Z'));
}

#[tokio::test]
async fn authorize_redirects_to_such_a_url_and_sets_the_cookie_too() {
    let world = World::start().await;
    let answer = world.visitor.get("/authorize?prompt=consent").await;
    assert_eq!((answer.status(), answer.body().as_str()), (302, ""));
    let parameters = parameters(answer.header("location").unwrap());
    assert_eq!(parameters["prompt"], "consent");
    let cookie = format!("__Host-pending-{}", &parameters["state"][..8]);
    assert!(answer.cookie_value(&cookie).is_some());
}

#[tokio::test]
async fn authorize_url_answers_json_to_everyone() {
    let world = World::start().await;
    for accept in [NAVIGATION, "application/json", "*/*"] {
        let visitor = world.visitor().accepting(accept);
        assert_eq!(visitor.authorize("").await.header("content-type"), Some("application/json"));
        problem(&visitor.authorize("prompt=none").await, 400, "invalid_request");
    }
}

#[tokio::test]
async fn authorize_tells_people_of_an_error_in_html_and_programs_in_json() {
    let world = World::start().await;
    let get = async |accept| world.visitor().accepting(accept).get("/authorize?prompt=none").await;
    let page = get(NAVIGATION).await;
    assert_eq!((page.status(), page.header("content-type")), (400, Some("text/html; charset=utf-8")));
    for accept in ["application/json", "*/*"] {
        problem(&get(accept).await, 400, "invalid_request");
    }
    problem(&world.visitor.get("/authorize?prompt=none").await, 400, "invalid_request");
}

#[tokio::test]
async fn there_is_nothing_at_other_paths_and_for_other_methods() {
    let world = World::start().await;
    for event in [
        Event::post("/authorize-url"),
        Event::delete("/authorize"),
        Event::get("/authorize-url/"),
        Event::get("/Authorize"),
        Event::get("/"),
    ] {
        let answer = world.instance.send_raw("authorize-url", &event.json().to_string()).await;
        problem(&answer, 404, "not_found");
    }
}

#[tokio::test]
async fn an_event_that_is_none_is_an_invalid_request() {
    let world = World::start().await;
    for event in ["", "null", "7", "{\"headers\": 7}", "{\"requestContext\": {\"http\": {\"method\": 1}}}"] {
        problem(&world.instance.send_raw("authorize-url", event).await, 400, "invalid_request");
    }
    let undecodable = json!({"body": "%", "isBase64Encoded": true}).to_string();
    problem(&world.instance.send_raw("authorize-url", &undecodable).await, 400, "invalid_request");
}
