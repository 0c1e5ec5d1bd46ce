//! ARNs of tables and streams, in which dynoxide names a region of its own.

use dynoxide::streams::LOCAL_REGION;
use serde_json::Value;

use super::REGION;

/// The answer with our region in its ARNs.
pub(super) fn ours(answer: Value) -> Value {
    renamed(answer, LOCAL_REGION, REGION)
}

/// The request with dynoxide's region in its ARNs.
pub(super) fn theirs(request: Value) -> Value {
    renamed(request, REGION, LOCAL_REGION)
}

fn renamed(value: Value, from: &str, to: &str) -> Value {
    match value {
        Value::String(text) => Value::String(match text.strip_prefix(&format!("arn:aws:dynamodb:{from}:")) {
            Some(rest) => format!("arn:aws:dynamodb:{to}:{rest}"),
            None => text,
        }),
        Value::Array(values) => values.into_iter().map(|value| renamed(value, from, to)).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, renamed(value, from, to))).collect(),
        other => other,
    }
}
