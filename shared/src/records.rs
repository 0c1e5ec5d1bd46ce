//! Batches of a DynamoDB stream, as Lambda hands them to a function, and the functions that take them
//! ([using DynamoDB with Lambda](https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html)).

use std::process::ExitCode;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    config::BadVariable,
    function::{Deadline, Environment, run_with},
    retry,
    telemetry::{self, Metric, count},
};

/// What changed of one item.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The same each time that the record is delivered.
    pub event_id: String,
    /// Its place in the stream.
    pub sequence_number: String,
    /// When it changed, in seconds since the Unix epoch.
    pub changed_at: f64,
    /// The item before; none if it was made.
    pub old: Option<Image>,
    /// The item after; none if it was deleted.
    pub new: Option<Image>,
    /// Whether the stream has both images of every change.
    pub has_both_images: bool,
}

/// An item, in DynamoDB's JSON.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Image(Map<String, Value>);

impl Image {
    /// The text, number or Base64 of an attribute that has one of these types.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        let value = self.0.get(attribute)?;
        ["S", "N", "B"].iter().find_map(|data_type| value.get(data_type)?.as_str())
    }
}

/// A function that takes batches.
#[async_trait]
pub trait RecordsFunction: Send + Sync {
    /// The function's name: of its folder, package, binary, infrastructure resource and log field.
    fn name(&self) -> &'static str;

    /// Takes records in their order. Gives the first that could not be taken: it and all after it are delivered again.
    async fn take<'a>(&self, records: &'a [Record], deadline: Deadline) -> Option<&'a Record>;
}

/// Takes one event through a function: reads it, has its records taken, logs one line; gives Lambda's answer.
pub async fn invoke(function: &dyn RecordsFunction, event: &str, deadline: Deadline) -> String {
    let records = read(event);
    let taken = retry::budgeted(async {
        match incomplete(&records) {
            Some(record) => Some(record),
            None => function.take(&records, deadline).await,
        }
    });
    let taken = telemetry::batch(function.name(), records.len(), taken).await;
    let failed = taken.map(|record| Failed { item_identifier: &record.sequence_number });
    let answer = Answer { batch_item_failures: failed.into_iter().collect() };
    serde_json::to_string(&answer).unwrap_or_default()
}

/// Runs a function in AWS Lambda, until the environment ends.
pub async fn run<F, C>(connect: impl FnOnce(Environment) -> C) -> ExitCode
where
    F: RecordsFunction + 'static,
    C: Future<Output = Result<F, BadVariable>>,
{
    run_with(connect, async |function: &F, event: &str, deadline| {
        let answer = invoke(function, event, deadline).await;
        serde_json::value::RawValue::from_string(answer).unwrap_or_default()
    })
    .await
}

/// The records of an event. What is not one would never become one: it is left out, and the log says so.
fn read(event: &str) -> Vec<Record> {
    // The errors are not told: they repeat what came.
    let event: Event = serde_json::from_str(event).unwrap_or_else(|_| {
        tracing::error!("the event is not a batch of a DynamoDB stream");
        Event::default()
    });
    let record = |value| serde_json::from_value::<WireRecord>(value).map(Record::from);
    let read = event.records.into_iter().map(record);
    read.filter_map(|record| {
        record.inspect_err(|_| tracing::error!("a record of the stream cannot be read and is left out")).ok()
    })
    .collect()
}

/// A record that came without the images that there have to be: the stream is set up wrongly, and once it is put right the
/// records are delivered again.
fn incomplete(records: &[Record]) -> Option<&Record> {
    let found = records.iter().find(|record| !record.has_both_images)?;
    count(Metric::Misconfigured, 1);
    tracing::error!("the table's stream must have NEW_AND_OLD_IMAGES; nothing is told until it does");
    Some(found)
}

impl From<WireRecord> for Record {
    fn from(wire: WireRecord) -> Self {
        Self {
            event_id: wire.event_id,
            sequence_number: wire.dynamodb.sequence_number,
            changed_at: wire.dynamodb.changed_at,
            old: wire.dynamodb.old_image,
            new: wire.dynamodb.new_image,
            has_both_images: wire.dynamodb.stream_view_type.is_none_or(|view| view == "NEW_AND_OLD_IMAGES"),
        }
    }
}

#[derive(Default, Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

#[derive(Deserialize)]
struct WireRecord {
    #[serde(rename = "eventID", default)]
    event_id: String,
    dynamodb: WireChange,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireChange {
    sequence_number: String,
    #[serde(rename = "ApproximateCreationDateTime", default)]
    changed_at: f64,
    #[serde(default)]
    old_image: Option<Image>,
    #[serde(default)]
    new_image: Option<Image>,
    #[serde(default)]
    stream_view_type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    batch_item_failures: Vec<Failed<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed<'a> {
    item_identifier: &'a str,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Takes records until one whose item says that it fails.
    struct UntilFailure;

    #[async_trait]
    impl RecordsFunction for UntilFailure {
        fn name(&self) -> &'static str {
            "until-failure"
        }

        async fn take<'a>(&self, records: &'a [Record], _: Deadline) -> Option<&'a Record> {
            records.iter().find(|record| record.new.as_ref().is_some_and(|new| new.text("fails").is_some()))
        }
    }

    fn record(number: &str, item: &Value, view: &str) -> Value {
        json!({"eventID": number, "dynamodb": {"SequenceNumber": number, "NewImage": item, "StreamViewType": view}})
    }

    async fn answer(event: &Value) -> String {
        invoke(&UntilFailure, &event.to_string(), Deadline::after(std::time::Duration::from_secs(1))).await
    }

    #[tokio::test]
    async fn the_first_record_that_fails_is_named_and_garbage_takes_no_other_with_it() {
        let both = "NEW_AND_OLD_IMAGES";
        let (good, bad) = (json!({"pk": {"S": "a"}}), json!({"fails": {"N": "1"}}));
        let (good, failing) = (record("1", &good, both), record("2", &bad, both));
        let (none, two) = (r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":[{"itemIdentifier":"2"}]}"#);
        for (records, expected) in [
            (json!([]), none),
            (json!([good]), none),
            (json!([good, failing]), two),
            (json!([{"eventID": 1}, 7, null, good]), none),
            (json!(["garbage", good, failing, good]), two),
        ] {
            assert_eq!(answer(&json!({"Records": records})).await, expected, "{records}");
        }
        assert_eq!(answer(&json!({"no": "records"})).await, none);
    }

    #[tokio::test]
    async fn a_stream_without_both_images_is_held_until_it_has_them() {
        for view in ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"] {
            let event = json!({"Records": [record("1", &json!({}), view)]});
            assert_eq!(answer(&event).await, r#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#, "{view}");
        }
    }
}
