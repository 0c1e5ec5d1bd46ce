//! The records of one invocation: which they are, the event that they make, and what the response says of them.

use dynoxide::{actions::get_records::Record, types::AttributeValue};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::{REGION, is_change};

/// The most records of an invocation.
const RECORDS: usize = 10;
/// What the keys of the records begin with that the function is deployed for; it never sees the others.
const FILTER: &str = "connection#";

/// Why a response does not let the stream go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    #[error("the function has not handled the record {0}")]
    Item(String),
    #[error("the response is not that of a function that reports failures of single records")]
    Response,
}

/// Records of the stream without a gap, at most ten of which are the function's business.
pub(super) struct Batch {
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    batch_item_failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl Batch {
    /// The first of these records; none if there is none.
    pub(super) fn of(mut records: Vec<Record>) -> Option<Self> {
        let eleventh = records.iter().enumerate().filter(|(_, record)| passes(record)).nth(RECORDS);
        if let Some((index, _)) = eleventh {
            records.truncate(index);
        }
        (!records.is_empty()).then_some(Self { records })
    }

    /// Whether none of the records is the function's business.
    pub(super) fn is_empty(&self) -> bool {
        self.invoked().next().is_none()
    }

    /// The event with the records that are the function's business.
    pub(super) fn event(&self, stream_arn: &str) -> String {
        let records: Vec<Value> = self.invoked().map(|record| event_record(record, stream_arn)).collect();
        json!({"Records": records}).to_string()
    }

    /// The sequence number of the first record that the response says is not handled; with it, all that follow are not.
    pub(super) fn first_failure(&self, response: &str) -> Result<Option<String>, BatchError> {
        let response: Option<Response> = match response {
            "" => None,
            text => serde_json::from_str(text).map_err(|_| BatchError::Response)?,
        };
        let failures = response.and_then(|response| response.batch_item_failures).unwrap_or_default();
        let failed: Vec<_> = failures.into_iter().map(|failure| failure.item_identifier).collect();
        if failed.iter().any(|failed| !self.invoked().any(|record| record.dynamodb.sequence_number == *failed)) {
            return Err(BatchError::Response);
        }
        Ok(failed.into_iter().min())
    }

    /// The sequence number of the record before that one; none if it is the first.
    pub(super) fn before(&self, sequence_number: &str) -> Option<&str> {
        let numbers = self.records.iter().map(|record| record.dynamodb.sequence_number.as_str());
        numbers.take_while(|number| *number < sequence_number).last()
    }

    /// The sequence number of the last record.
    pub(super) fn end(&self) -> &str {
        self.records.last().map_or("", |record| &record.dynamodb.sequence_number)
    }

    fn invoked(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| passes(record))
    }
}

fn passes(record: &Record) -> bool {
    is_change(record) && matches!(record.dynamodb.keys.get("pk"), Some(AttributeValue::S(pk)) if pk.starts_with(FILTER))
}

/// The record as Lambda hands it to a function.
fn event_record(record: &Record, stream_arn: &str) -> Value {
    let mut event = json!(record);
    if let Some(members) = event.as_object_mut() {
        members.insert("awsRegion".to_owned(), REGION.into());
        members.insert("eventSourceARN".to_owned(), stream_arn.into());
    }
    if let Some(time) = event.pointer_mut("/dynamodb/ApproximateCreationDateTime") {
        // Whole seconds, and without a decimal point.
        *time = time.as_f64().map_or(Value::Null, |seconds| format!("{seconds:.0}").parse::<i64>().unwrap_or(0).into());
    }
    event
}
