//! The embedded EventBridge: buses that keep, in memory, the events that are put on them.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>

mod entry;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;
use serde_json::{Value, json};
use shared::domain::{
    random::Random,
    time::{Clock, Timestamp},
};

use self::entry::{Entry, Rejection};
use super::{ACCOUNT, AwsError, REGION, identifiers::uuid};

/// The bus that every account has, and that is meant where none is named.
const DEFAULT: &str = "default";
/// The most entries of a call.
const ENTRIES: usize = 10;
/// The most bytes of all entries of a call.
const BYTES: usize = 256 * 1024;

/// An event as the rules of a bus see it.
#[derive(Clone, Debug, PartialEq)]
pub struct BusEvent {
    /// Its id, by which a repeated delivery would be told.
    pub id: String,
    /// Who says it.
    pub source: String,
    /// What kind of event it is.
    pub detail_type: String,
    /// The event, a JSON object.
    pub detail: Value,
    /// What it is about.
    pub resources: Vec<String>,
    /// When it happened; where the entry does not say so, when it came.
    pub time: Timestamp,
}

/// The event buses.
pub struct EventBus {
    buses: Mutex<BTreeMap<String, Vec<BusEvent>>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Which entries of a call fail, whatever is in them, and with which error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FailedEntries {
    /// Their places in the call, from 0.
    pub indices: Vec<usize>,
    /// The error, such as `InternalFailure` or `ThrottlingException`.
    pub code: String,
}

#[derive(Deserialize)]
struct PutEvents {
    #[serde(rename = "Entries", default)]
    entries: Vec<Entry>,
}

impl EventBus {
    pub(super) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { buses: Mutex::new(BTreeMap::from([(DEFAULT.to_owned(), Vec::new())])), clock, random }
    }

    /// Makes a bus, unless it is there.
    pub fn create(&self, name: &str) {
        self.lock().entry(name.to_owned()).or_default();
    }

    /// The events that came on a bus, in their order; none if there is no such bus.
    pub fn events(&self, name: &str) -> Vec<BusEvent> {
        self.lock().get(name).cloned().unwrap_or_default()
    }

    /// Runs one operation on a request in EventBridge's JSON.
    pub(super) fn call(
        &self,
        operation: &str,
        request: &Value,
        failed: Option<&FailedEntries>,
    ) -> Result<Value, AwsError> {
        match operation {
            "PutEvents" => self.put_events(serde_json::from_value(request.clone())?, failed),
            "DescribeEventBus" => self.describe(request.get("Name").and_then(Value::as_str).unwrap_or(DEFAULT)),
            _ => Err(AwsError::new("UnknownOperationException", "")),
        }
    }

    fn put_events(&self, call: PutEvents, failed: Option<&FailedEntries>) -> Result<Value, AwsError> {
        check(&call.entries)?;
        let mut results = Vec::new();
        for (index, entry) in call.entries.into_iter().enumerate() {
            let outcome = match failed.filter(|failed| failed.indices.contains(&index)) {
                Some(failed) => {
                    Err(Rejection { code: failed.code.clone(), message: "This fault was asked for.".into() })
                }
                None => self.put(entry)?,
            };
            results.push(outcome);
        }
        let failures = results.iter().filter(|result| result.is_err()).count();
        let results: Vec<Value> = results
            .into_iter()
            .map(|result| match result {
                Ok(id) => json!({"EventId": id}),
                Err(rejection) => json!({"ErrorCode": rejection.code, "ErrorMessage": rejection.message}),
            })
            .collect();
        Ok(json!({"FailedEntryCount": failures, "Entries": results}))
    }

    /// Puts an event on its bus and returns its id. One for a bus that is not there gets an id as well, and is gone: AWS
    /// does [the same](https://github.com/aws/aws-sdk/issues/186).
    fn put(&self, entry: Entry) -> Result<Result<String, Rejection>, AwsError> {
        let bus = entry.event_bus_name.as_deref().map_or(DEFAULT, name_of).to_owned();
        let id = uuid(&*self.random)?;
        let event = match entry.into_event(id.clone(), self.clock.now()) {
            Ok(event) => event,
            Err(rejection) => return Ok(Err(rejection)),
        };
        if let Some(events) = self.lock().get_mut(&bus) {
            let (detail_type, detail) = (&event.detail_type, &event.detail);
            tracing::info!(bus, detail_type, %detail, "an event came on the bus");
            events.push(event);
        } else {
            tracing::warn!(bus, "an event was put on a bus that is not there, and is lost as at AWS");
        }
        Ok(Ok(id))
    }

    fn describe(&self, id: &str) -> Result<Value, AwsError> {
        let name = name_of(id);
        if !self.lock().contains_key(name) {
            return Err(AwsError::new("ResourceNotFoundException", &format!("Event bus {name} does not exist.")));
        }
        Ok(json!({"Name": name, "Arn": format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{name}")}))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<BusEvent>>> {
        self.buses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has to be right of a call for any of its entries to be looked at.
fn check(entries: &[Entry]) -> Result<(), AwsError> {
    let bound = match entries.len() {
        0 => "greater than or equal to 1",
        1..=ENTRIES => "",
        _ => "less than or equal to 10",
    };
    if !bound.is_empty() {
        return Err(invalid(&format!(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length {bound}"
        )));
    }
    if entries.iter().map(Entry::size).sum::<usize>() > BYTES {
        return Err(invalid("Total size of the entries in the request is over the limit."));
    }
    Ok(())
}

/// The name of the bus with that name or ARN.
fn name_of(id: &str) -> &str {
    id.strip_prefix(&format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/")).unwrap_or(id)
}

fn invalid(message: &str) -> AwsError {
    AwsError::new("ValidationException", message)
}
