//! What tests do with a function's process: run it, ask it, and read what it prints.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a function that cannot be run, or does not answer as it must, has failed the test that stands on it"
)]

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::{task::spawn_blocking, time::timeout};

use super::FunctionProcess;
use crate::{PATIENCE, answer::Answer, binaries::binary, event::Event, soundness::assert_kept};

/// What is in the line of every invocation: by an event of API Gateway, and by a stream's.
const OF_INVOCATIONS: [&str; 2] = ["\"message\":\"request\"", "\"message\":\"batch\""];

impl FunctionProcess {
    /// Builds the function of that name and starts it with those variables.
    ///
    /// # Panics
    /// If it does not build or cannot be started.
    pub async fn of(function: &str, variables: &BTreeMap<String, String>) -> Self {
        let name = function.to_owned();
        let built = spawn_blocking(move || binary(&name)).await.unwrap();
        let binary = built.unwrap_or_else(|error| panic!("{error}"));
        Self::start(&binary, variables).await.unwrap()
    }

    /// What the function answers to a request.
    ///
    /// # Panics
    /// If it does not answer, or the answer is not as every answer must be.
    pub async fn ask(&self, event: &Event) -> Answer {
        let event = event.json();
        let response = self.invoke(&event, PATIENCE).await;
        let response = response.unwrap_or_else(|error| panic!("{}: {error}\n{}", self.name, self.output()));
        let answer = Answer::read(response).unwrap();
        assert_kept(&self.name, &event.to_string(), &answer);
        answer
    }

    /// Every line that the function has printed, once so many invocations have theirs.
    ///
    /// # Panics
    /// If they do not get theirs, or a line is no JSON.
    pub async fn lines(&self, invocations: usize) -> Vec<Value> {
        let of_invocations =
            |output: &str| OF_INVOCATIONS.map(|line| output.matches(line).count()).iter().sum::<usize>();
        let mut output = self.output.clone();
        let printed = output.wait_for(|output| of_invocations(output) >= invocations);
        let in_time = timeout(PATIENCE, printed).await.is_ok_and(|printed| printed.is_ok());
        let output = self.output();
        assert!(in_time, "{invocations} invocations have no line each:\n{output}");
        output.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }
}
