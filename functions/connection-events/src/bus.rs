//! The EventBridge bus.

use aws_sdk_eventbridge::{
    Client,
    config::Builder,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};
use aws_types::SdkConfig;
use shared::{
    aws::{
        call_log::{CallLog, RetryBudget, note_denial},
        failure::Failure,
    },
    telemetry::timed,
};

use super::ConnectionEvent;

/// Who sends the events, as rules match it.
const SOURCE: &str = "gmail-connect";

/// A bus.
pub(crate) struct EventBus {
    client: Client,
    name: String,
}

impl EventBus {
    /// How many events go in one call
    /// ([PutEvents](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html)).
    pub(crate) const MAX_ENTRIES: usize = 10;

    /// The bus of that name or ARN.
    pub(crate) fn new(config: &SdkConfig, name: String) -> Self {
        let config = Builder::from(config).interceptor(CallLog).retry_classifier(RetryBudget).build();
        Self { client: Client::from_conf(config), name }
    }

    /// Puts events in their order; gives how many of the first ones the bus took.
    pub(crate) async fn put<'e, 'r: 'e>(&self, events: impl Iterator<Item = &'e ConnectionEvent<'r>>) -> usize {
        let entries = events.map(|event| self.entry(event)).collect();
        let request = self.client.put_events().set_entries(Some(entries));
        match timed("eventbridge.put_events", request.send()).await {
            Ok(answer) => taken(answer.entries()),
            Err(error) => {
                tracing::error!(
                    error = Failure::of(&error).code,
                    "the bus cannot be used; the events are delivered again"
                );
                0
            }
        }
    }

    fn entry(&self, event: &ConnectionEvent<'_>) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.detail_type())
            .detail(serde_json::to_string(event).unwrap_or_default())
            .build()
    }
}

/// How many entries were taken before the first that was not.
fn taken(entries: &[PutEventsResultEntry]) -> usize {
    let refused = entries.iter().position(|entry| entry.event_id().is_none());
    if let Some(entry) = refused.and_then(|index| entries.get(index)) {
        let error = entry.error_code().unwrap_or("unknown");
        note_denial("EventBridge", "PutEvents", error);
        tracing::error!(error, "the bus did not take an event; it is delivered again");
    }
    refused.unwrap_or(entries.len())
}
