//! Whether Google sends its security events to this API.

use shared::domain::origin::Origin;

use super::{
    Setup,
    finding::{Check, Finding},
};
use crate::security_event_stream::{Registration, SecurityEventStream, ServiceAccountKey, StreamError, endpoint};

pub(super) const CHECK: Check = Check("security-event-stream");

/// How long each of the two calls may take.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(4);

pub(super) async fn examine(setup: &Setup<'_>) -> Vec<Finding> {
    let inputs = setup.inputs;
    let Some(file) = &inputs.key else {
        let detail = "How Google's security events are registered is not looked at.";
        return vec![CHECK.skipped(detail, "Give the key of a service account with --key FILE.")];
    };
    let key = match ServiceAccountKey::read(file) {
        Ok(key) => key,
        Err(error) => return vec![CHECK.problem(format!("{error}."), "Give such a key with --key FILE.")],
    };
    let stream = SecurityEventStream::new(inputs.http.clone(), inputs.risc.clone(), key, inputs.clock.clone());
    match stream.with_timeout(TIMEOUT).registration().await {
        Ok(registration) => differences(&registration, setup.origin()),
        Err(error) => vec![refused(&error)],
    }
}

fn differences(registration: &Registration, origin: Option<&Origin>) -> Vec<Finding> {
    let endpoint = origin.and_then(|origin| endpoint(origin.as_str()));
    let differences = registration.differences(endpoint.as_ref());
    if differences.is_empty() {
        return vec![CHECK.ok(format!("Google sends every type of security event to {}.", registration.endpoint))];
    }
    differences.iter().map(|it| CHECK.problem(it.detail(), it.remedy())).collect()
}

fn refused(error: &StreamError) -> Finding {
    CHECK.problem(error.to_string(), error.remedy())
}
