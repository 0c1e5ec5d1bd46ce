//! What the real binaries write: one line for each request, and never a secret.

use local::google::{Decision, Effect, Endpoint};
use serde_json::Value;
use tests::{
    answer::Answer,
    event::Event,
    runtime_api::FunctionProcess,
    world::{ANNA, World},
};

/// Begins an authorization in one process and ends it in another; gives the two answers and what was sent between.
async fn connect(world: &World, processes: [&FunctionProcess; 2]) -> (Answer, Answer, String) {
    let begun = processes[0].ask(&Event::get("/authorize-url").query("state=the-callers-own-state")).await;
    let url = begun.json().unwrap()["authorization_url"].as_str().unwrap().to_owned();
    let location = world.consent(&url, &Decision::all(ANNA));
    let (_, query) = location.split_once('?').unwrap();
    let cookies = begun.cookies().map(|cookie| cookie.split(';').next().unwrap().to_owned());
    let event = Event::get("/callback").query(query).cookies(cookies.collect::<Vec<_>>());
    let ended = processes[1].ask(&event.header("accept", "application/json")).await;
    (begun, ended, location)
}

#[tokio::test]
async fn a_connection_made_by_the_real_binaries_leaves_no_secret_in_their_logs() {
    let world = World::start().await;
    let finest = [("RUST_LOG", "trace")];
    let (authorize, callback) =
        (world.process("authorize-url", &finest).await, world.process("callback", &finest).await);
    world.google.faults().inject_times(Endpoint::Token, 1, Effect::Malformed);
    let (_, failed, _) = connect(&world, [&authorize, &callback]).await;
    assert_eq!(failed.status(), 502);
    let (begun, ended, location) = connect(&world, [&authorize, &callback]).await;
    assert_ne!(ended.status(), 502, "{}", ended.body());
    for process in [&authorize, &callback] {
        process.lines(2).await;
    }
    let log = format!("{}{}", authorize.output(), callback.output());
    world.assert_nothing_readable("the log", &log);
    let parameter = |name: &str| {
        let url = url::Url::parse(&location).unwrap();
        url.query_pairs().find(|(given, _)| given == name).unwrap().1.into_owned()
    };
    let cookies: Vec<_> = begun.cookies().chain(ended.cookies()).map(value).filter(|value| !value.is_empty()).collect();
    let mut secrets =
        vec![("the address", ANNA.to_owned()), ("the caller's state", "the-callers-own-state".to_owned())];
    secrets.extend(["code", "state"].map(|name| (name, parameter(name))));
    secrets.extend(cookies.into_iter().map(|cookie| ("a cookie", cookie)));
    let secrets: Vec<_> = secrets.iter().map(|(name, secret)| (*name, secret.as_str())).collect();
    tests::secrets_search::assert_no_secrets(&[("the log", &log)], &secrets);
}

fn value(cookie: &str) -> String {
    cookie.split_once('=').unwrap().1.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_request_is_one_line_with_function_route_outcome_and_upstream_calls() {
    let world = World::start().await;
    let (authorize, callback) = (world.process("authorize-url", &[]).await, world.process("callback", &[]).await);
    let (_, ended, _) = connect(&world, [&authorize, &callback]).await;
    assert_eq!(ended.status(), 200, "{}", ended.body());
    let (first, second) = (requests(&authorize).await, requests(&callback).await);
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!((&first[0]["function"], &first[0]["route"]), (&"authorize-url".into(), &"GET /authorize-url".into()));
    assert_eq!((&second[0]["function"], &second[0]["route"]), (&"callback".into(), &"GET /callback".into()));
    assert_eq!((&second[0]["outcome"], &second[0]["status"]), (&"ok".into(), &200.into()));
    assert!(second[0]["upstream"].to_string().contains("google.token.code"), "{}", second[0]);
    assert!(second[0]["duration_ms"].as_f64().is_some_and(|millis| millis > 0.0));
}

/// The lines of requests, once there is one.
async fn requests(process: &FunctionProcess) -> Vec<Value> {
    let mut lines = process.lines(1).await;
    lines.retain(|line| line["level"] == "info" && line["message"] == "request");
    lines
}
