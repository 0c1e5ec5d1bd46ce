//! What a Lambda function is.

use std::time::Duration;

use async_trait::async_trait;

use crate::http::{Request, Response};

/// One Lambda function: its name everywhere, and its answer to a request.
#[async_trait]
pub trait Function: Send + Sync {
    /// The function's name: of its folder, package, binary, infrastructure resource and log field.
    fn name(&self) -> &'static str;

    /// Answers one request. Whatever goes wrong, the answer says so: there is no other way to fail.
    async fn handle(&self, request: &Request, deadline: Deadline) -> Response;
}

/// When the invocation ends.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(tokio::time::Instant);

impl Deadline {
    /// The deadline that is so far away.
    pub fn after(duration: Duration) -> Self {
        Self(tokio::time::Instant::now() + duration)
    }

    /// The time left.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(tokio::time::Instant::now())
    }
}

/// Takes one API Gateway event through a function: reads it, has it handled, logs one line.
pub async fn invoke(function: &dyn Function, event: &str, deadline: Deadline) -> Response {
    match Request::from_event(event) {
        Ok(request) => function.handle(&request, deadline).await,
        Err(_) => Response::new(400, "invalid_request"),
    }
}
