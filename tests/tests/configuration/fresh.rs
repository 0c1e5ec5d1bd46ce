//! A fresh deployment: nobody has put `client_secret.json` into its secret yet.

use serde_json::json;
use tests::{
    event::Event,
    runtime_api::FunctionProcess,
    security_event::{post, saying},
    world::{ANNA, CLIENT_SECRET_ID, COOKIE_KEY, COOKIE_KEY_SECRET_ID, World, sub},
};

use super::{code, errors, file};

/// The functions that need the client secret, each with a request and what comes of it at last.
fn requests() -> [(&'static str, Event, u16); 4] {
    [
        ("authorize-url", Event::get("/authorize-url"), 200),
        ("callback", Event::get("/callback").header("accept", "application/json"), 400),
        ("list-messages", Event::get(&format!("/users/{}/messages", sub(ANNA))).iam(), 404),
        ("connection", Event::get(&format!("/users/{}/connection", sub(ANNA))).iam(), 404),
    ]
}

/// What the last error of a process that had one request says of the secrets, as an operator reads it.
async fn last_error(process: &FunctionProcess) -> String {
    let errors = errors(process, 1).await;
    let last = errors.iter().rfind(|line| line["message"] == "the secrets cannot be used");
    last.unwrap_or_else(|| panic!("{errors:?}"))["error"].as_str().unwrap().to_owned()
}

async fn processes(world: &World) -> Vec<(FunctionProcess, Event, u16)> {
    let mut processes = Vec::new();
    for (function, event, at_last) in requests() {
        processes.push((world.process(function, &[]).await, event, at_last));
    }
    processes
}

#[tokio::test]
async fn without_a_value_the_log_has_the_command_that_puts_it_there_and_then_the_next_request_works() {
    let world = World::start().await;
    let text = file(&world).to_string();
    world.aws.secrets().remove(CLIENT_SECRET_ID).unwrap();
    world.aws.secrets().create_empty(CLIENT_SECRET_ID).unwrap();
    let processes = processes(&world).await;
    for (process, event, _) in &processes {
        assert_eq!(code(&process.ask(event).await), (500, "misconfigured".into()), "{event:?}");
        let command = format!(
            "aws secretsmanager put-secret-value --secret-id {CLIENT_SECRET_ID} --secret-string file://client_secret.json"
        );
        let error = last_error(process).await;
        assert!(error.contains(&command), "{error}");
    }
    world.aws.secrets().put(CLIENT_SECRET_ID, &text).unwrap();
    for (process, event, at_last) in &processes {
        assert_eq!(process.ask(event).await.status(), *at_last, "{event:?}");
    }
}

#[tokio::test]
async fn a_secret_that_does_not_exist_is_told_the_same_way() {
    let world = World::start().await;
    let text = file(&world).to_string();
    world.aws.secrets().remove(CLIENT_SECRET_ID).unwrap();
    let instance = world.another_instance().await;
    let events = requests().into_iter().map(|(_, event, at_last)| (event, at_last));
    for (event, at_last) in events {
        assert_eq!(code(&instance.send(&event).await), (500, "misconfigured".into()), "{event:?}");
        world.aws.secrets().put(CLIENT_SECRET_ID, &text).unwrap();
        assert_eq!(instance.send(&event).await.status(), at_last, "{event:?}");
        world.aws.secrets().remove(CLIENT_SECRET_ID).unwrap();
    }
}

#[tokio::test]
async fn a_security_event_is_put_off_until_the_value_is_there() {
    let world = World::start().await;
    let text = file(&world).to_string();
    world.aws.secrets().remove(CLIENT_SECRET_ID).unwrap();
    world.aws.secrets().create_empty(CLIENT_SECRET_ID).unwrap();
    let instance = world.another_instance().await;
    let event = post(&saying(&world, "risc", "verification", &json!({"state": "a"})));
    assert_eq!(code(&instance.send(&event).await), (500, "misconfigured".into()));
    world.aws.secrets().put(CLIENT_SECRET_ID, &text).unwrap();
    assert_eq!(instance.send(&event).await.status(), 202);
}

#[tokio::test]
async fn a_cookie_key_without_a_value_is_told_with_what_to_put_there() {
    let world = World::start().await;
    world.aws.secrets().remove(COOKIE_KEY_SECRET_ID).unwrap();
    world.aws.secrets().create_empty(COOKIE_KEY_SECRET_ID).unwrap();
    let process = world.process("authorize-url", &[]).await;
    let event = Event::get("/authorize-url");
    assert_eq!(code(&process.ask(&event).await), (500, "misconfigured".into()));
    let error = last_error(&process).await;
    assert!(error.contains("at least 32 characters") && error.contains(COOKIE_KEY_SECRET_ID), "{error}");
    assert!(!error.contains("client_secret.json"), "{error}");
    world.aws.secrets().put(COOKIE_KEY_SECRET_ID, COOKIE_KEY).unwrap();
    assert_eq!(process.ask(&event).await.status(), 200);
}
