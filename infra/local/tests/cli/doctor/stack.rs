//! The whole local stack, and what is broken in it.

use local::{
    doctor::{Inputs, Status, examine},
    stack::CLIENT_SECRET_ID,
};
use serde_json::{Value, json};
use shared::domain::origin::Origin;

use super::support::{found, inputs, only, stack};

#[tokio::test]
async fn the_doctor_finds_no_problem_in_a_local_stack() {
    let stack = stack().await;
    let findings = examine(&inputs(&stack, &[])).await;
    let problems: Vec<_> = findings.iter().filter(|it| it.status == Status::Problem).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    for check in [
        "variables",
        "secrets",
        "client-secret",
        "cookies",
        "google",
        "clock",
        "table",
        "key",
        "event-bus",
        "deployment",
    ] {
        assert!(findings.iter().any(|it| it.check == check && it.status == Status::Ok), "{check}: {findings:#?}");
    }
    assert!(findings.iter().all(|it| (it.status == Status::Ok) == it.remedy.is_none()), "{findings:#?}");
}

#[tokio::test]
async fn what_is_not_given_is_skipped_with_what_to_give() {
    let stack = stack().await;
    let unset = [
        "CLIENT_SECRET_ID",
        "COOKIE_KEY_SECRET_ID",
        "CONNECTIONS_TABLE",
        "EVENT_BUS_NAME",
        "TOKEN_KMS_KEY_ID",
        "PUBLIC_BASE_URL",
    ];
    let inputs = Inputs { url: None, ..inputs(&stack, &unset.map(|name| (name, ""))) };
    let findings = examine(&inputs).await;
    let remedies: Vec<_> = findings
        .iter()
        .filter(|it| it.status == Status::Skipped)
        .map(|it| (it.check, it.remedy.as_deref().unwrap()))
        .collect();
    let expected = [
        ("variables", "Set CLIENT_SECRET_ID, COOKIE_KEY_SECRET_ID, CONNECTIONS_TABLE, TOKEN_KMS_KEY_ID."),
        ("secrets", "Set CLIENT_SECRET_ID."),
        ("secrets", "Set COOKIE_KEY_SECRET_ID."),
        ("client-secret", "Give --client-secret FILE, or set CLIENT_SECRET_ID."),
        ("cookies", "Give --url, or set PUBLIC_BASE_URL."),
        ("google", "Give --client-secret FILE, or set CLIENT_SECRET_ID."),
        ("table", "Set CONNECTIONS_TABLE."),
        ("key", "Set TOKEN_KMS_KEY_ID."),
        ("event-bus", "Set EVENT_BUS_NAME if your systems are to hear of it."),
        ("deployment", "Give its base URL with --url."),
        ("security-event-stream", "Give the key of a service account with --key FILE."),
    ];
    assert_eq!(remedies, expected);
    assert!(!findings.iter().any(|it| it.status == Status::Problem), "{findings:#?}");
}

#[tokio::test]
async fn a_bus_that_is_not_there_is_a_problem() {
    let stack = stack().await;
    let text = only(&inputs(&stack, &[("EVENT_BUS_NAME", "gone")]), "event-bus", Status::Problem).await;
    assert!(text.contains("There is no event bus gone"), "{text}");
}

#[tokio::test]
async fn a_bad_variable_and_another_base_url_are_told() {
    let stack = stack().await;
    let text = only(&inputs(&stack, &[("SESSION_TTL_SECONDS", "8h")]), "variables", Status::Problem).await;
    assert!(text.starts_with("SESSION_TTL_SECONDS is not a number of seconds"), "{text}");
    let other = [("PUBLIC_BASE_URL", "https://mail.example.com")];
    let text = only(&inputs(&stack, &other), "variables", Status::Warning).await;
    assert!(text.contains("https://mail.example.com") && text.contains(stack.base_url()), "{text}");
}

#[tokio::test]
async fn an_application_of_another_site_is_warned_of() {
    let stack = stack().await;
    let origins = [("ALLOWED_RETURN_ORIGINS", "http://localhost:3000,https://app.example.com")];
    let text = only(&inputs(&stack, &origins), "cookies", Status::Warning).await;
    assert!(text.starts_with("https://app.example.com is of another site"), "{text}");
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_listed_is_named_and_so_is_the_near_miss() {
    let stack = stack().await;
    let file = stack.aws().secrets().current(CLIENT_SECRET_ID).unwrap().unwrap();
    let mut file: Value = serde_json::from_str(&file).unwrap();
    file["web"]["redirect_uris"] = json!([format!("{}/callback/", stack.base_url())]);
    stack.aws().secrets().put(CLIENT_SECRET_ID, &file.to_string()).unwrap();
    let findings = found(&inputs(&stack, &[]), "client-secret").await;
    let problem = findings.iter().find(|it| it.status == Status::Problem).unwrap();
    assert!(
        problem.detail.contains(&format!("{}/callback/, which differs by the slash", stack.base_url())),
        "{problem:?}"
    );
}

#[tokio::test]
async fn an_api_with_another_client_than_the_files_is_a_problem() {
    let stack = stack().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client_secret.json");
    let secret = stack.aws().secrets().current(CLIENT_SECRET_ID).unwrap().unwrap();
    std::fs::write(&file, secret.replace("000000000000-local", "1-other")).unwrap();
    let inputs = Inputs { client_secret: Some(file), ..inputs(&stack, &[]) };
    let findings = found(&inputs, "deployment").await;
    assert!(findings[0].detail.contains("client_id is 000000000000-local"), "{findings:#?}");
}

#[tokio::test]
async fn an_api_whose_functions_fail_is_told_with_where_to_look() {
    let stack = super::support::stack_with_fault("SecretsManager=500").await;
    let findings = found(&inputs(&stack, &[]), "deployment").await;
    assert_eq!(findings[0].status, Status::Problem);
    assert!(findings[0].detail.contains("status 503, “unavailable”"), "{findings:#?}");
    assert!(findings[0].remedy.as_ref().unwrap().contains("log"), "{findings:#?}");
}

#[tokio::test]
async fn an_api_that_is_not_there_is_one_problem() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let stack = stack().await;
    let inputs = Inputs { url: Origin::parse(&format!("http://{free}")), ..inputs(&stack, &[]) };
    let text = only(&inputs, "deployment", Status::Problem).await;
    assert!(text.contains("cannot be reached"), "{text}");
}
