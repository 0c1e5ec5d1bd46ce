//! Configuration: variables, the two secrets, and what is wrong outside the variables.

#[cfg(test)]
mod configuration {
    use std::{collections::BTreeMap, time::Duration};

    use serde_json::Value;
    use tests::{
        answer::Answer,
        binaries::binary,
        event::Event,
        runtime_api::FunctionProcess,
        world::{CLIENT_ID, World, assert_sound},
    };

    mod fresh;
    mod logs;
    mod outages;
    mod rotation;
    mod secrets;
    mod variables;

    /// Longer than any process takes for anything here.
    const PATIENCE: Duration = Duration::from_secs(20);

    async fn start(function: &str, variables: &BTreeMap<String, String>) -> FunctionProcess {
        FunctionProcess::start(&binary(function).unwrap(), variables).await.unwrap()
    }

    /// What a process answers, which is held to what every answer is held to.
    async fn ask(process: &FunctionProcess, event: &Event) -> Answer {
        let answer = Answer::read(process.invoke(&event.json(), PATIENCE).await.unwrap()).unwrap();
        assert_sound(&answer);
        answer
    }

    fn code(answer: &Answer) -> (u16, Value) {
        let body = answer.json().unwrap_or_default();
        (answer.status(), body["code"].clone())
    }

    /// The log lines of a level.
    fn lines(process: &FunctionProcess, level: &str) -> Vec<Value> {
        let output = process.output();
        let lines = output.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")));
        lines.filter(|line: &Value| line["level"] == level).collect()
    }

    /// The client secret file of the world, as Google gives it out.
    fn file(world: &World) -> Value {
        world.google.client_secret_file(CLIENT_ID).unwrap()
    }
}
