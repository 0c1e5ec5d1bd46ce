//! One entry of `PutEvents`: what it has to have, and what it weighs.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>

use serde::Deserialize;
use serde_json::Value;
use shared::domain::time::Timestamp;

use super::BusEvent;

/// The most characters of a detail type.
const DETAIL_TYPE: usize = 128;
/// What a time counts for, in bytes.
const TIME: usize = 14;

/// An event as it is sent.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    pub(super) event_bus_name: Option<String>,
    resources: Vec<String>,
    time: Option<f64>,
}

/// Why an entry failed, in EventBridge's words.
pub(super) struct Rejection {
    pub(super) code: String,
    pub(super) message: String,
}

impl Rejection {
    fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }

    fn argument(name: &str, reason: &str) -> Self {
        Self::new("InvalidArgument", &format!("Parameter {name} is not valid. Reason: {reason}"))
    }
}

impl Entry {
    /// Its size in bytes, as [EventBridge counts](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html).
    pub(super) fn size(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail].into_iter().flatten().chain(&self.resources);
        texts.map(String::len).sum::<usize>() + self.time.map_or(0, |_| TIME)
    }

    /// The event that it is.
    pub(super) fn into_event(self, id: String, now: Timestamp) -> Result<BusEvent, Rejection> {
        let source = required("Source", self.source)?;
        let detail_type = required("DetailType", self.detail_type)?;
        let detail = required("Detail", self.detail)?;
        if source.starts_with("aws.") {
            return Err(Rejection::new("NotAuthorizedForSourceException", "Not authorized for the source."));
        }
        if detail_type.chars().count() > DETAIL_TYPE {
            return Err(Rejection::argument("DetailType", "DetailType is longer than 128 characters."));
        }
        let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
        if !detail.is_object() {
            return Err(Rejection::new("MalformedDetail", "Detail is malformed."));
        }
        Ok(BusEvent { id, source, detail_type, detail, resources: self.resources, time: self.time.map_or(now, at) })
    }
}

fn required(name: &str, text: Option<String>) -> Result<String, Rejection> {
    let text = text.filter(|text| !text.is_empty());
    text.ok_or_else(|| Rejection::argument(name, &format!("{name} is a required argument.")))
}

#[expect(clippy::cast_possible_truncation, reason = "a time beyond all years ends at the last one")]
fn at(seconds: f64) -> Timestamp {
    Timestamp::from_unix_millis((seconds * 1000.0).round() as i64)
}
