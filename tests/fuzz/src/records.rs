//! Batches of the table's stream.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "an answer that is none has failed")]

use serde_json::Value;

use crate::world::World;

/// Lambda gets an answer that it understands: nothing to deliver again, or one record that was delivered.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let answer: Value = serde_json::from_str(&World::get().take(&text)).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    assert!(failures.len() <= 1, "{answer}");
    // What is in a field that nobody reads may be less than JSON.
    let Ok(event) = serde_json::from_str::<Value>(&text) else { return };
    let records = event["Records"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_delivered =
        |failure: &Value| records.iter().any(|it| it["dynamodb"]["SequenceNumber"] == failure["itemIdentifier"]);
    assert!(failures.iter().all(is_delivered), "{answer}");
}
