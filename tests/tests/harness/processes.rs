//! Binaries and the processes they become.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use shared::domain::time::{Clock, SystemClock};
use tempfile::TempDir;
use tests::{
    binaries::binary,
    event::Event,
    runtime_api::{FunctionProcess, InvocationError},
};

use super::{PATIENCE, gone, runs};

async fn fake(folder: &TempDir, variables: &[(&str, &str)]) -> FunctionProcess {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/harness/fake-function.sh");
    let own = [("FOLDER", folder.path().to_str().unwrap())];
    let variables = variables.iter().chain(&own).map(|(name, value)| (name.to_string(), value.to_string()));
    FunctionProcess::start(&script, &variables.collect()).await.unwrap()
}

async fn invoke(process: &FunctionProcess, path: &str) -> Result<Value, InvocationError> {
    process.invoke(&Event::get(path).json(), PATIENCE).await
}

#[tokio::test]
async fn an_event_reaches_the_function_and_its_response_comes_back() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    for path in ["/first", "/second"] {
        let event = Event::get(path).json();
        let before = SystemClock.now().unix_millis();
        let response = process.invoke(&event, PATIENCE).await.unwrap();
        let after = SystemClock.now().unix_millis();
        assert_eq!(response["event"], event);
        assert_eq!(response["name"], "fake-function");
        let started = response["deadline"].as_i64().unwrap() - i64::try_from(PATIENCE.as_millis()).unwrap();
        assert!((before..=after).contains(&started), "{before} {started} {after}");
    }
}

#[tokio::test]
async fn the_times_of_a_start_and_of_an_invocation_lie_within_those_of_whoever_waits() {
    let folder = TempDir::new().unwrap();
    let before = Instant::now();
    let process = fake(&folder, &[]).await;
    let init = process.asks(1).await.unwrap();
    assert!(!init.is_zero() && init <= before.elapsed(), "{init:?}");
    let before = Instant::now();
    let (_, took) = process.invoke_timed(&Event::get("/").json(), PATIENCE).await.unwrap();
    assert!(!took.is_zero() && took <= before.elapsed(), "{took:?}");
    assert_eq!(process.asks(2).await, Some(init));
}

#[tokio::test]
async fn the_function_has_no_variables_but_its_own() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[("SCOPES", "openid")]).await;
    assert!(process.prints("process ", PATIENCE).await);
    let output = process.output();
    let variables: Vec<_> = output.lines().filter_map(|line| line.strip_prefix("variable ")).collect();
    for expected in ["SCOPES", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_LOG_GROUP_NAME", "PATH"] {
        assert!(variables.contains(&expected), "{expected}");
    }
    assert!(!variables.contains(&"HOME"));
    assert!(!variables.iter().any(|variable| variable.starts_with("CARGO")));
}

#[tokio::test]
async fn both_streams_are_kept() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    invoke(&process, "/").await.unwrap();
    assert!(process.prints("complaint\n", PATIENCE).await);
    assert!(process.prints("took 00000000-0000-4000-8000-000000000000\n", PATIENCE).await);
}

#[tokio::test]
async fn output_that_is_taken_is_not_kept() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    assert!(process.prints("process ", PATIENCE).await);
    assert!(process.take_output().contains("process "));
    invoke(&process, "/").await.unwrap();
    assert!(process.prints("took ", PATIENCE).await);
    let rest = process.take_output();
    assert!(rest.contains("took ") && !rest.contains("process "), "{rest}");
}

#[tokio::test]
async fn an_error_that_the_function_reports_is_told() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    let Err(InvocationError::Function(error)) = invoke(&process, "/fail").await else { panic!("no error") };
    assert_eq!(error, json!({ "errorType": "Failed", "errorMessage": "as told" }));
    assert!(invoke(&process, "/").await.is_ok());
}

#[tokio::test]
#[should_panic(expected = "as infra/openapi.yaml does not say")]
async fn an_answer_that_is_not_documented_fails_whoever_asks() {
    let folder = TempDir::new().unwrap();
    fake(&folder, &[]).await.ask(&Event::get("/undocumented")).await;
}

#[tokio::test]
async fn a_response_that_lambda_does_not_pass_on_is_told() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    assert!(matches!(invoke(&process, "/large").await, Err(InvocationError::TooLarge)));
    assert!(matches!(invoke(&process, "/text").await, Err(InvocationError::NotJson(text)) if text == "no JSON\n"));
    assert!(invoke(&process, "/").await.is_ok());
}

#[tokio::test]
async fn a_process_that_ends_in_an_invocation_is_told() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    let ended = invoke(&process, "/exit").await;
    assert!(matches!(ended, Err(InvocationError::Exited(status)) if status.code() == Some(7)));
    assert!(matches!(invoke(&process, "/").await, Err(InvocationError::Exited(_))));
}

#[tokio::test]
async fn a_failed_start_is_told_with_its_status_error_and_output() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[("BAD_START", "SCOPES is missing")]).await;
    assert_eq!(process.wait_exit(PATIENCE).await.unwrap().code(), Some(3));
    assert_eq!(process.init_error().unwrap()["errorMessage"], "SCOPES is missing");
    assert!(process.output().contains("complaint"));
}

#[tokio::test]
async fn a_process_that_runs_has_no_exit_status_and_no_init_error() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    invoke(&process, "/").await.unwrap();
    assert_eq!(process.wait_exit(Duration::ZERO).await, None);
    assert_eq!(process.init_error(), None);
}

#[tokio::test]
async fn an_invocation_ends_at_its_deadline_and_the_next_one_is_served() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    let late = process.invoke(&Event::get("/silence").json(), Duration::from_millis(50)).await;
    assert!(matches!(late, Err(InvocationError::TimedOut)));
    assert!(invoke(&process, "/").await.is_ok());
}

#[tokio::test]
async fn a_suspended_process_does_nothing_until_it_is_resumed() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    invoke(&process, "/").await.unwrap();
    process.suspend().unwrap();
    let event = Event::get("/").json();
    let mut invocation = std::pin::pin!(process.invoke(&event, PATIENCE));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut invocation).await.is_err());
    process.resume().unwrap();
    assert_eq!(invocation.await.unwrap()["event"], event);
}

#[tokio::test]
async fn several_processes_run_at_once() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (fake(&folder, &[]).await, fake(&folder, &[]).await);
    one.suspend().unwrap();
    assert_eq!(invoke(&other, "/other").await.unwrap()["event"]["rawPath"], "/other");
    one.resume().unwrap();
    assert_eq!(invoke(&one, "/one").await.unwrap()["event"]["rawPath"], "/one");
}

#[tokio::test]
async fn dropping_a_process_kills_it_even_if_suspended() {
    let folder = TempDir::new().unwrap();
    let process = fake(&folder, &[]).await;
    invoke(&process, "/").await.unwrap();
    let output = process.output();
    let id = output.lines().find_map(|line| line.strip_prefix("process ")).unwrap().to_owned();
    assert!(runs(&id));
    process.suspend().unwrap();
    drop(process);
    tokio::time::timeout(PATIENCE, gone(&id)).await.unwrap();
}

#[test]
fn a_binary_is_built_and_can_be_run() {
    let path = binary("authorize-url").unwrap();
    assert!(path.is_file(), "{}", path.display());
    assert_eq!(path.file_stem().unwrap(), "authorize-url");
}

#[test]
fn a_package_that_is_not_there_is_named_with_what_cargo_says() {
    let message = binary("no-such-function").unwrap_err().to_string();
    assert!(message.contains("--package no-such-function"), "{message}");
    assert!(message.contains("did not match any packages"), "{message}");
}

#[tokio::test]
async fn a_binary_that_is_not_there_is_an_error() {
    assert!(FunctionProcess::start("/no/such/binary".as_ref(), &BTreeMap::new()).await.is_err());
}
