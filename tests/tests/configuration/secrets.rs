//! The two secrets: what they must hold, and how often they are read.

use std::time::Duration;

use local::aws::{AwsFault, Effect};
use serde_json::{Value, json};
use tests::{
    event::Event,
    world::{CLIENT_SECRET_ID, COOKIE_KEY, COOKIE_KEY_SECRET_ID, World},
};

use super::{code, errors, file};

const BATCH: &str = "SecretsManager.BatchGetSecretValue";

fn web(world: &World, field: &str, value: Value) -> String {
    let mut file = file(world);
    file["web"][field] = value;
    file.to_string()
}

/// Wrong files, and what the log says of each.
fn wrong_files(world: &World) -> Vec<(String, &'static str)> {
    let installed = json!({"installed": file(world)["web"]}).to_string();
    vec![
        ("GOCSPX-only-the-secret".to_owned(), "not JSON"),
        (installed, "desktop client"),
        (json!({"type": "service_account", "client_id": "1"}).to_string(), "service account"),
        (web(world, "redirect_uris", json!([])), "no redirect URI"),
        ("{}".to_owned(), "«web» client"),
        ("[]".to_owned(), "«web» client"),
        (web(world, "client_id", json!("")), "web.client_id"),
        (web(world, "client_secret", json!("")), "web.client_secret"),
        (web(world, "auth_uri", json!("http://accounts.example.com/auth")), "web.auth_uri"),
        (web(world, "token_uri", Value::Null), "web"),
    ]
}

#[tokio::test]
async fn a_wrong_file_is_misconfigured_and_the_log_says_what_to_put_there() {
    let world = World::start().await;
    for (text, said) in wrong_files(&world) {
        world.aws.secrets().put(CLIENT_SECRET_ID, &text).unwrap();
        let process = world.process("authorize-url", &[]).await;
        let answer = process.ask(&Event::get("/authorize-url")).await;
        assert_eq!(code(&answer), (500, "misconfigured".into()), "{text}");
        let errors = errors(&process, 1).await;
        let error = errors.last().unwrap()["error"].as_str().unwrap();
        assert!(error.contains(CLIENT_SECRET_ID) && error.contains(said), "{text}: {error}");
        assert!(["download", "put", "create", "add"].iter().any(|advice| error.contains(advice)), "{error}");
        assert!(!process.output().contains("GOCSPX"));
    }
}

#[tokio::test]
async fn a_file_that_is_put_right_works_with_the_next_request_in_every_function() {
    let world = World::start().await;
    let right = file(&world).to_string();
    world.aws.secrets().put(CLIENT_SECRET_ID, "wrong").unwrap();
    let instance = world.another_instance().await;
    for path in ["/authorize-url", "/authorize", "/callback"] {
        let event = Event::get(path).header("accept", "application/json");
        assert_eq!(code(&instance.send(&event).await), (500, "misconfigured".into()), "{path}");
    }
    world.aws.secrets().put(CLIENT_SECRET_ID, &right).unwrap();
    assert_eq!(instance.send(&Event::get("/authorize-url")).await.status(), 200);
    assert_eq!(instance.send(&Event::get("/callback")).await.status(), 400);
}

#[tokio::test]
async fn a_cookie_key_of_31_characters_is_misconfigured_and_one_of_32_works() {
    let world = World::start().await;
    world.aws.secrets().put(COOKIE_KEY_SECRET_ID, &"é".repeat(31)).unwrap();
    let process = world.process("authorize-url", &[]).await;
    let answer = process.ask(&Event::get("/authorize-url")).await;
    assert_eq!(code(&answer), (500, "misconfigured".into()));
    let errors = errors(&process, 1).await;
    let error = errors.last().unwrap()["error"].as_str().unwrap();
    assert!(error.contains(COOKIE_KEY_SECRET_ID) && error.contains("32 characters"), "{error}");
    world.aws.secrets().put(COOKIE_KEY_SECRET_ID, &"é".repeat(32)).unwrap();
    assert_eq!(process.ask(&Event::get("/authorize-url")).await.status(), 200);
}

#[tokio::test]
async fn both_secrets_are_read_in_one_call_at_the_start() {
    let world = World::start().await;
    let functions = u64::try_from(world.instance.functions()).unwrap();
    assert_eq!(world.aws.faults().calls(BATCH), functions - 1, "security-events has no cookies");
    let singly = world.aws.faults().calls("SecretsManager.GetSecretValue");
    assert_eq!(singly, 1, "security-events reads the client secret alone; no cookie asked for the previous key");
}

#[tokio::test]
async fn where_one_call_is_refused_each_secret_is_read_on_its_own() {
    let world = World::start().await;
    for code in ["AccessDeniedException", "InvalidParameterException", "UnknownOperationException"] {
        world.aws.faults().fail(BATCH, AwsFault::always(Effect::Error { code: code.to_owned() }));
        let visitor = world.visitor().at(&world.another_instance().await);
        assert_eq!(visitor.authorize("").await.status(), 200, "{code}");
    }
}

#[tokio::test]
async fn what_was_read_is_kept_for_five_minutes_and_read_again_beside_a_request() {
    let world = World::start().await;
    let client = |url: &str| url.split("client_id=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let old = client(&world.visitor.begin("").await);
    world.aws.secrets().put(CLIENT_SECRET_ID, &web(&world, "client_id", json!("new-client"))).unwrap();
    let calls = world.aws_calls();
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(client(&world.visitor.begin("").await), old);
    assert_eq!(world.aws_calls(), calls);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(client(&world.visitor.begin("").await), old, "the request does not wait for the reading");
    assert_eq!(client(&world.visitor.begin("").await), "new-client");
    assert_eq!(world.aws.faults().calls(BATCH), u64::try_from(world.instance.functions()).unwrap(), "one more");
}

#[tokio::test]
async fn what_cannot_be_read_again_leaves_the_older_values_in_use() {
    let world = World::start().await;
    for (secret, wrong) in [(CLIENT_SECRET_ID, "wrong"), (COOKIE_KEY_SECRET_ID, "short")] {
        world.aws.secrets().put(secret, wrong).unwrap();
        world.clock.advance(Duration::from_mins(5));
        for _ in 0..3 {
            assert_eq!(world.authorize("").await.status(), 200);
        }
        world.aws.secrets().put(secret, if secret == CLIENT_SECRET_ID { "{}" } else { COOKIE_KEY }).unwrap();
    }
}
