//! A missing or bad variable ends the function at its start with one line that names it.

use std::collections::BTreeMap;

use tests::{PATIENCE, event::Event, runtime_api::FunctionProcess, world::World};

use super::{errors, file};

/// Asserts that a function with those variables ends at its start, with one line, which names the variable.
async fn assert_ends(function: &str, variables: &BTreeMap<String, String>, name: &str) {
    let process = FunctionProcess::of(function, variables).await;
    let status = process.wait_exit(PATIENCE).await.unwrap_or_else(|| panic!("{function} runs without {name}"));
    assert!(!status.success());
    let output = process.output();
    assert_eq!(output.lines().count(), 1, "{name}: {output}");
    let errors = errors(&process, 0).await;
    assert!(errors[0]["error"].as_str().unwrap().contains(&format!("variable {name} ")), "{output}");
}

#[tokio::test]
async fn a_missing_variable_is_named() {
    let world = World::start().await;
    let both = ["CLIENT_SECRET_ID", "COOKIE_KEY_SECRET_ID"].map(|name| ("authorize-url", name));
    let more = ["CLIENT_SECRET_ID", "COOKIE_KEY_SECRET_ID", "CONNECTIONS_TABLE", "TOKEN_KMS_KEY_ID"];
    for (function, name) in both.into_iter().chain(more.map(|name| ("callback", name))) {
        let mut variables = world.variables().clone();
        variables.remove(name);
        assert_ends(function, &variables, name).await;
        variables.insert(name.to_owned(), String::new());
        assert_ends(function, &variables, name).await;
    }
}

#[tokio::test]
async fn a_bad_variable_is_named() {
    let world = World::start().await;
    for (name, value) in [
        ("PUBLIC_BASE_URL", "http://mail.example.com"),
        ("PUBLIC_BASE_URL", "https://mail.example.com/stage"),
        ("PUBLIC_BASE_URL", "mail.example.com"),
        ("ALLOWED_RETURN_ORIGINS", "https://a.example.com https://b.example.com"),
        ("ALLOWED_RETURN_ORIGINS", "*"),
        ("SESSION_TTL_SECONDS", "0"),
        ("SESSION_TTL_SECONDS", "-1"),
        ("SESSION_TTL_SECONDS", "8h"),
        ("GOOGLE_JWKS_URI", "http://keys.example.com"),
        ("GOOGLE_USERINFO_URI", "userinfo"),
        ("GMAIL_QUOTA_UNITS_PER_MINUTE", "0"),
        ("GMAIL_QUOTA_UNITS_PER_MINUTE", "6,000"),
        ("GMAIL_BATCHES_AT_ONCE", "0"),
        ("GMAIL_BATCHES_AT_ONCE", "21"),
        ("SSL_CERT_FILE", "/dev/null"),
    ] {
        let mut variables = world.variables().clone();
        variables.insert(name.to_owned(), value.to_owned());
        let function = if name.starts_with("GMAIL_") { "list-messages" } else { "callback" };
        assert_ends(function, &variables, name).await;
    }
}

#[tokio::test]
async fn what_may_be_left_out_may_be_left_out() {
    let world = World::start().await;
    let mut variables = world.variables().clone();
    let needed = ["CLIENT_SECRET_ID", "COOKIE_KEY_SECRET_ID", "CONNECTIONS_TABLE", "TOKEN_KMS_KEY_ID"];
    variables.retain(|name, _| needed.contains(&name.as_str()) || name.starts_with("AWS_"));
    let process = FunctionProcess::of("callback", &variables).await;
    assert_eq!(process.ask(&Event::get("/callback")).await.status(), 400);
    let process = FunctionProcess::of("authorize-url", &variables).await;
    let event = Event::get("/authorize-url").domain_name("mail.example.com");
    assert_eq!(process.ask(&event).await.status(), 200);
}

#[tokio::test]
async fn an_event_without_a_host_needs_public_base_url() {
    let world = World::start().await;
    let process = world.process("authorize-url", &[("PUBLIC_BASE_URL", "")]).await;
    assert_eq!(process.ask(&Event::get("/authorize-url").domain_name("")).await.status(), 500);
    assert!(process.prints("PUBLIC_BASE_URL", PATIENCE).await);
}

#[tokio::test]
async fn each_aws_service_can_be_sent_to_an_endpoint_of_its_own() {
    let world = World::start().await;
    let own = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", world.variables()["AWS_ENDPOINT_URL"].as_str());
    let process = world.process("authorize-url", &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), own]).await;
    assert_eq!(process.ask(&Event::get("/authorize-url")).await.status(), 200);
}

#[tokio::test]
async fn an_unregistered_redirect_uri_is_named_in_the_log() {
    let world = World::start().await;
    let process = world.process("authorize-url", &[("PUBLIC_BASE_URL", "https://mail.example.org")]).await;
    assert_eq!(process.ask(&Event::get("/authorize-url")).await.status(), 500);
    let errors = errors(&process, 1).await;
    assert_eq!(errors[0]["redirect_uri"], "https://mail.example.org/callback");
    assert!(file(&world)["web"]["redirect_uris"].as_array().is_some());
}
