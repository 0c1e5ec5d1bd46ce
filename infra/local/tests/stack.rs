//! Starts the whole stack, in this process and as a program.

#![cfg(test)]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read},
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use local::{
    aws::in_role_of,
    gateway::{ROUTES, Route},
    google::Decision,
    stack::{CLIENT_SECRET_ID, CONNECTIONS_TABLE, COOKIE_KEY_SECRET_ID, EVENT_BUS_NAME, Settings, Stack},
};
use serde_json::{Value, json};
use shared::{
    domain::{random::SystemRandomness, time::SystemClock},
    function::{Deadline, Environment, invoke},
    google::http::client,
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gmail-connect-local"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program(arguments).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn client_secret(stack: &Stack) -> Value {
    serde_json::from_str(&stack.aws().secrets().current(CLIENT_SECRET_ID).unwrap().unwrap()).unwrap()
}

#[tokio::test]
async fn the_functions_are_told_where_everything_is() {
    let stack = Stack::start(Settings::default()).await.unwrap();
    let google = stack.google_origin().unwrap();
    let variables = stack.variables();
    assert_eq!(variables["PUBLIC_BASE_URL"], stack.base_url());
    assert_eq!(variables["AWS_ENDPOINT_URL"], stack.aws().endpoint());
    assert_eq!(variables["GMAIL_BASE_URL"], google);
    let web = &client_secret(&stack)["web"];
    assert_eq!(web["token_uri"], format!("{google}/token"));
    assert_eq!(web["redirect_uris"], json!([format!("{}/callback", stack.base_url())]));
    assert!(stack.redirect_uri_is_registered());
    assert!(stack.aws().secrets().current(COOKIE_KEY_SECRET_ID).unwrap().unwrap().len() >= 32);
}

fn environment(stack: &Stack, function: &str) -> Environment {
    let variables = stack.variables().clone();
    Environment {
        lookup: Box::new(move |name| variables.get(name).cloned()),
        aws: in_role_of(function, &stack.aws().sdk_config()),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandomness::default()),
    }
}

#[tokio::test]
async fn each_sample_event_is_answered_by_its_function() {
    let stack = Stack::start(Settings::default()).await.unwrap();
    let functions = local::functions::connect(|function| environment(&stack, function)).await.unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/events");
    let mut routes = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        if event["Records"].is_array() {
            let told = local::functions::of_stream(environment(&stack, "connection-events")).await.unwrap();
            assert_eq!(told(text).await.unwrap(), r#"{"batchItemFailures":[]}"#);
            assert_eq!(stack.aws().event_bus().events(EVENT_BUS_NAME).len(), 1);
            continue;
        }
        let route = ROUTES.iter().find(|route| event["routeKey"] == *route.key()).unwrap();
        let function = functions.iter().find(|function| function.name() == route.function).unwrap();
        let answer = invoke(&**function, &text, Deadline::after(Duration::from_secs(29))).await;
        match route.key().as_str() {
            "GET /callback" => assert_eq!(answer.outcome, "invalid_state"),
            "DELETE /connection" => assert_eq!(answer.outcome, "forbidden", "it comes from another origin"),
            "POST /security-events" => assert_eq!(answer.outcome, "invalid_key"),
            _ => assert!(!["forbidden", "not_found", "invalid_request"].contains(&answer.outcome), "{}", answer.body),
        }
        routes.insert(route.key());
    }
    assert_eq!(routes, ROUTES.iter().map(Route::key).collect());
}

/// Goes from the authorization endpoint to the end of the callback, as a browser would; the callback's answer.
async fn connect_account(stack: &Stack) -> reqwest::Response {
    let http = client().unwrap();
    let begun = http.get(format!("{}/authorize", stack.base_url())).send().await.unwrap();
    assert_eq!(begun.status(), 302);
    let cookie = begun.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let google = begun.headers()["location"].to_str().unwrap();
    let back = stack.google().unwrap().consent(google, &Decision::all("anna.schmidt@example.com")).unwrap();
    http.get(back).header("cookie", cookie).header("accept", "application/json").send().await.unwrap()
}

/// The access token that a refresh token of the emulated Google gives, or why there is none.
async fn refresh(stack: &Stack, refresh_token: &str) -> (reqwest::StatusCode, String) {
    let web = &client_secret(stack)["web"];
    let field = |name: &str| web[name].as_str().unwrap().to_owned();
    let form = [
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", refresh_token.to_owned()),
        ("client_id", field("client_id")),
        ("client_secret", field("client_secret")),
    ];
    let answer = client().unwrap().post(field("token_uri")).form(&form).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn an_account_connects_through_all_of_it() {
    let stack = Stack::start(Settings::default()).await.unwrap();
    let answer = connect_account(&stack).await;
    assert_eq!(answer.status(), 200);
    let connected: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(connected["email"], "anna.schmidt@example.com");
    let key = format!("connection#{}", connected["user_id"].as_str().unwrap());
    assert!(stack.aws().item(CONNECTIONS_TABLE, &key).unwrap().is_some());
}

#[tokio::test]
async fn a_data_file_keeps_connections_and_their_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let settings = Settings { data: Some(folder.path().join("data")), ..Settings::default() };
        Stack::start(settings).await.unwrap()
    };
    let stack = start().await;
    assert_eq!(connect_account(&stack).await.status(), 200);
    let items = stack.aws().items(CONNECTIONS_TABLE).unwrap();
    let refresh_token = stack.google().unwrap().snapshot()["grants"]["refresh_tokens"][0]["token"].clone();
    drop(stack);
    let stack = start().await;
    assert_eq!(stack.aws().items(CONNECTIONS_TABLE).unwrap(), items);
    let (status, answer) = refresh(&stack, refresh_token.as_str().unwrap()).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn tokens_are_kept_also_where_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let settings = Settings { data: Some(folder.path().join("data")), ..Settings::default() };
        Stack::start(settings).await.unwrap()
    };
    let stack = start().await;
    assert_eq!(connect_account(&stack).await.status(), 200);
    let kept = async || {
        while !stack.aws().state("google").unwrap().is_some_and(|it| it.contains("1//")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), kept()).await.unwrap();
}

#[tokio::test]
async fn a_fault_of_google_strikes_the_functions() {
    let faults = vec!["token=invalid_grant".parse().unwrap()];
    let stack = Stack::start(Settings { faults, ..Settings::default() }).await.unwrap();
    let answer = connect_account(&stack).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("code_rejected"));
}

#[tokio::test]
async fn a_data_file_keeps_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let settings = Settings { data: Some(folder.path().join("data")), ..Settings::default() };
        let stack = Stack::start(settings).await.unwrap();
        let cookie_key = stack.aws().secrets().current(COOKIE_KEY_SECRET_ID).unwrap();
        (stack.variables()["TOKEN_KMS_KEY_ID"].clone(), cookie_key)
    };
    assert_eq!(start().await, start().await);
}

#[tokio::test]
async fn with_the_real_google_the_functions_use_googles_own_endpoints() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client_secret.json");
    let web = json!({"web": {
        "client_id": "a",
        "client_secret": "b",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "redirect_uris": ["https://mail.example.com/callback"],
    }});
    std::fs::write(&file, web.to_string()).unwrap();
    let stack = Stack::start(Settings { client_secret: Some(file), ..Settings::default() }).await.unwrap();
    assert_eq!(client_secret(&stack), web);
    assert_eq!(stack.google_origin(), None);
    assert!(!stack.redirect_uri_is_registered());
    assert!(!stack.variables().keys().any(|name| name.starts_with("GOOGLE_") || name == "GMAIL_BASE_URL"));
}

#[tokio::test]
async fn settings_of_the_caller_go_before_the_stacks() {
    let variables = [("SCOPES".to_owned(), "openid".to_owned())].into();
    let stack = Stack::start(Settings { variables, ..Settings::default() }).await.unwrap();
    assert_eq!(stack.variables()["SCOPES"], "openid");
}

#[tokio::test]
async fn faults_are_there_from_the_start() {
    let faults = vec!["KMS=DisabledException".parse().unwrap()];
    let stack = Stack::start(Settings { faults, ..Settings::default() }).await.unwrap();
    let client = aws_sdk_kms::Client::new(&stack.aws().sdk_config());
    let described = client.describe_key().key_id(&stack.variables()["TOKEN_KMS_KEY_ID"]).send().await;
    assert_eq!(described.unwrap_err().into_service_error().meta().code(), Some("DisabledException"));
}

#[test]
fn the_emulators_alone_print_the_environment_and_end_when_asked() {
    let mut child = program(&["--emulators-only", "--port", "9123"])
        .env_remove("SCOPES")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "export PUBLIC_BASE_URL='http://localhost:9123'"));
    assert!(lines.any(|line| line.starts_with("export TOKEN_KMS_KEY_ID='arn:aws:kms:")));
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_program_says_what_to_open() {
    let mut child = program(&["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut text = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    while !text.contains("Ctrl-C ends it.") {
        assert_ne!(reader.read_line(&mut text).unwrap(), 0, "{text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(text.contains("Open    http://localhost:"), "{text}");
}

#[test]
fn a_bad_option_is_one_line_and_status_2() {
    for arguments in [
        &["--prot", "1"][..],
        &["--port", "x"],
        &["--port"],
        &["--fault", "KMS=slow"],
        &["--fault", "S3=hang"],
        &["--client-secret", "a", "--mailbox-size", "1"],
    ] {
        let (status, text) = output(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {text}");
        assert!(text.starts_with("error: ") && text.lines().count() == 1, "{arguments:?}: {text}");
    }
}

#[test]
fn what_cannot_be_used_is_one_line_and_status_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    for (arguments, expected) in [
        (["--port", &port], "choose another with --port"),
        (["--aws-port", &port], "choose another with --aws-port"),
        (["--google-port", &port], "choose another with --google-port"),
        (["--data", &write("notes", "some notes")], "it holds something else"),
        (["--data", "/nonexistent/data"], "No such file or directory"),
        (["--client-secret", "/nonexistent/file"], "No such file or directory"),
        (["--client-secret", &write("desktop", r#"{"installed":{}}"#)], "desktop client"),
    ] {
        let free = if arguments[0] == "--port" { vec![] } else { vec!["--port", "0"] };
        let (status, text) = output(&[&arguments[..], &free].concat());
        assert_eq!(status, Some(1), "{arguments:?}: {text}");
        assert!(text.starts_with("error: ") && text.lines().count() == 1, "{arguments:?}: {text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn help_goes_to_standard_output() {
    let mut child = program(&["--help"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(text.contains("--client-secret <FILE>"), "{text}");
}

#[tokio::test]
async fn another_gmail_quota_is_told_to_the_functions() {
    let stack = Stack::start(Settings { gmail_quota: Some(100), ..Settings::default() }).await.unwrap();
    assert_eq!(stack.variables()["GMAIL_QUOTA_UNITS_PER_MINUTE"], "100");
    let stack = Stack::start(Settings::default()).await.unwrap();
    assert!(
        !stack.variables().contains_key("GMAIL_QUOTA_UNITS_PER_MINUTE"),
        "the functions have a default of their own"
    );
}
