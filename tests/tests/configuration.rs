//! Configuration: variables, the two secrets, and what is wrong outside the variables.

#[cfg(test)]
mod configuration {
    use serde_json::Value;
    use tests::{
        answer::Answer,
        runtime_api::FunctionProcess,
        world::{CLIENT_ID, World},
    };

    mod fresh;
    mod outages;
    mod rotation;
    mod secrets;
    mod variables;

    fn code(answer: &Answer) -> (u16, Value) {
        let body = answer.json().unwrap_or_default();
        (answer.status(), body["code"].clone())
    }

    /// The lines of errors, once so many requests have theirs.
    async fn errors(process: &FunctionProcess, requests: usize) -> Vec<Value> {
        let mut lines = process.lines(requests).await;
        lines.retain(|line| line["level"] == "error");
        lines
    }

    /// The client secret file of the world, as Google gives it out.
    fn file(world: &World) -> Value {
        world.google.client_secret_file(CLIENT_ID).unwrap()
    }
}
