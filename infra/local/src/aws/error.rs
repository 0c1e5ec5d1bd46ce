//! How the embedded AWS says no, in the shape of AWS's JSON protocols.

use serde_json::{Map, Value, json};

/// One error answer of an AWS service.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{body}")]
pub struct AwsError {
    /// The HTTP status: 400, or 500 where the service itself failed.
    pub status: u16,
    /// The body: `__type`, and a message where the service gives one.
    pub body: String,
}

impl AwsError {
    /// The caller's fault: that exception with that message, which DynamoDB and KMS spell `message`.
    pub(super) fn new(code: &str, message: &str) -> Self {
        Self { status: 400, body: json!({"__type": code, "message": message}).to_string() }
    }

    /// The same, for Secrets Manager, which spells it `Message`.
    pub(super) fn secrets_manager(code: &str, message: &str) -> Self {
        Self { status: 400, body: json!({"__type": code, "Message": message}).to_string() }
    }

    /// The service's own fault.
    pub(super) fn internal(message: &str) -> Self {
        Self { status: 500, body: json!({"__type": "InternalServerError", "message": message}).to_string() }
    }

    /// A function of that name has no role.
    pub(crate) fn no_role(function: &str) -> Self {
        Self::new("NoSuchEntity", &format!("The role of {function} cannot be found."))
    }

    /// What a caller is told whose role does not allow it. All services spell `Message` with a capital letter here.
    pub(super) fn denied(namespace: &str, refusal: &str) -> Self {
        Self::secrets_manager(&format!("{namespace}AccessDeniedException"), refusal)
    }

    /// The exception's name, without the namespace that DynamoDB puts before it.
    pub fn code(&self) -> String {
        let body: Map<String, Value> = serde_json::from_str(&self.body).unwrap_or_default();
        let name = body.get("__type").and_then(Value::as_str).unwrap_or_default();
        name.rsplit('#').next().unwrap_or_default().to_owned()
    }

    /// The message, however the service spells it; empty if it gives none.
    pub(super) fn message(&self) -> String {
        let body: Map<String, Value> = serde_json::from_str(&self.body).unwrap_or_default();
        let message = body.get("message").or_else(|| body.get("Message"));
        message.and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl From<dynoxide::DynoxideError> for AwsError {
    fn from(error: dynoxide::DynoxideError) -> Self {
        Self { status: error.status_code(), body: error.to_json() }
    }
}

impl From<serde_json::Error> for AwsError {
    fn from(error: serde_json::Error) -> Self {
        Self::new("SerializationException", &error.to_string())
    }
}

impl From<shared::domain::random::NoRandomness> for AwsError {
    fn from(error: shared::domain::random::NoRandomness) -> Self {
        Self::internal(&error.to_string())
    }
}
