//! The program: what it prints, and its exit status.

use std::process::Command;

use local::stack::Stack;
use serde_json::Value;

use super::support::stack;

/// Runs `doctor` in the stack's environment, without the table; an empty value unsets a variable.
async fn doctor(stack: &Stack, arguments: &[&str], more: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gmail-connect-local"));
    command.env_clear().envs(stack.variables()).env_remove("CONNECTIONS_TABLE").envs(more.iter().copied());
    command.arg("doctor").args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn without_a_problem_the_status_is_0_and_the_last_line_counts() {
    let stack = stack().await;
    let (status, output, _) = doctor(&stack, &[], &[]).await;
    assert_eq!(status, Some(0), "{output}");
    assert!(output.contains("\nok       key                    The key is enabled and symmetric.\n"), "{output}");
    assert!(output.contains("→ Set CONNECTIONS_TABLE.\n"), "{output}");
    let last = output.lines().last().unwrap();
    assert!(last.contains(" ok, ") && last.contains(" 0 problem, 3 skipped"), "{output}");
}

#[tokio::test]
async fn with_a_problem_the_status_is_1_and_the_json_names_it() {
    let stack = stack().await;
    let (status, output, _) = doctor(&stack, &["--json"], &[("TOKEN_KMS_KEY_ID", "missing")]).await;
    assert_eq!(status, Some(1), "{output}");
    let answer: Value = serde_json::from_str(&output).unwrap();
    assert!(answer["counts"]["problem"].as_u64().unwrap() > 0);
    let findings = answer["findings"].as_array().unwrap();
    let problem = findings.iter().find(|it| it["status"] == "problem").unwrap();
    assert_eq!(problem["check"], "key");
    assert!(problem["remedy"].is_string());
}

#[tokio::test]
async fn no_secret_is_ever_printed() {
    let stack = stack().await;
    let (_, output, error) = doctor(&stack, &["--json", "--url", stack.base_url()], &[]).await;
    let cookie_key = stack.aws().secrets().current(local::stack::COOKIE_KEY_SECRET_ID).unwrap().unwrap();
    for secret in ["GOCSPX", &cookie_key, &stack.variables()["AWS_SECRET_ACCESS_KEY"]] {
        assert!(!output.contains(secret) && !error.contains(secret), "{output}{error}");
    }
}

#[tokio::test]
async fn a_bad_option_is_one_line_and_status_2() {
    let stack = stack().await;
    for arguments in [&["--url", "http://mail.example.com"][..], &["--url"], &["--port", "1"], &["--risc-url", "x"]] {
        let (status, _, error) = doctor(&stack, arguments, &[]).await;
        assert_eq!(status, Some(2), "{arguments:?}: {error}");
        assert!(error.starts_with("error: ") && error.lines().count() == 1, "{arguments:?}: {error}");
    }
}
