use aws_sdk_eventbridge::{
    Client,
    error::ProvideErrorMetadata,
    operation::put_events::PutEventsOutput,
    primitives::DateTime,
    types::{PutEventsRequestEntry, builders::PutEventsRequestEntryBuilder},
};
use local::aws::{AwsFault, Effect, FailedEntries};
use serde_json::json;
use shared::domain::time::Timestamp;

use super::support::{events, start};

const BUS: &str = "connections";

fn entry(detail: &str) -> PutEventsRequestEntryBuilder {
    let entry = PutEventsRequestEntry::builder().event_bus_name(BUS).source("gmail-connect");
    entry.detail_type("Connection Created").detail(detail)
}

async fn put(client: &Client, entries: impl IntoIterator<Item = PutEventsRequestEntryBuilder>) -> PutEventsOutput {
    let entries = entries.into_iter().map(PutEventsRequestEntryBuilder::build).collect();
    client.put_events().set_entries(Some(entries)).send().await.unwrap()
}

/// The error code of each entry; nothing for one that did not fail.
fn codes(answer: &PutEventsOutput) -> Vec<&str> {
    answer.entries().iter().map(|entry| entry.error_code().unwrap_or_default()).collect()
}

#[tokio::test]
async fn a_bus_has_the_events_in_the_order_in_which_they_came() {
    let aws = start(None).await;
    aws.event_bus().create(BUS);
    let answer = put(&events(&aws), [entry(r#"{"n":1}"#), entry(r#"{"n":2}"#)]).await;
    put(&events(&aws), [entry(r#"{"n":3}"#)]).await;
    let came = aws.event_bus().events(BUS);
    assert_eq!(came.iter().map(|event| event.detail["n"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((came[0].source.as_str(), came[0].detail_type.as_str()), ("gmail-connect", "Connection Created"));
    assert_eq!(answer.failed_entry_count, 0);
    assert_eq!(answer.entries()[1].event_id(), Some(came[1].id.as_str()));
}

#[tokio::test]
async fn an_event_has_the_time_and_the_resources_that_its_entry_names() {
    let aws = start(None).await;
    aws.event_bus().create(BUS);
    let time = DateTime::from_millis(1_795_318_652_007);
    put(&events(&aws), [entry("{}").time(time).resources("connection/1")]).await;
    let event = &aws.event_bus().events(BUS)[0];
    assert_eq!(event.resources, ["connection/1"]);
    assert_eq!(event.time, Timestamp::from_unix_millis(1_795_318_652_007));
}

#[tokio::test]
async fn a_bus_is_also_named_by_its_arn_and_without_a_name_it_is_the_default_one() {
    let aws = start(None).await;
    aws.event_bus().create(BUS);
    let arn = format!("arn:aws:events:eu-central-1:000000000000:event-bus/{BUS}");
    put(&events(&aws), [entry("{}").event_bus_name(arn), entry("{}").set_event_bus_name(None)]).await;
    assert_eq!(aws.event_bus().events(BUS).len(), 1);
    assert_eq!(aws.event_bus().events("default").len(), 1);
}

#[tokio::test]
async fn an_event_for_an_unknown_bus_is_taken_and_lost_as_at_aws() {
    let aws = start(None).await;
    let answer = put(&events(&aws), [entry("{}")]).await;
    assert_eq!(answer.failed_entry_count, 0);
    assert!(answer.entries()[0].event_id().is_some());
    aws.event_bus().create(BUS);
    assert!(aws.event_bus().events(BUS).is_empty());
}

#[tokio::test]
async fn a_bad_entry_fails_and_the_others_do_not() {
    let aws = start(None).await;
    aws.event_bus().create(BUS);
    let entries = [
        entry(r#"{"n":1}"#),
        entry("{}").set_source(None),
        entry("{}").detail_type(""),
        entry("{}").set_detail(None),
        entry("{"),
        entry("[]"),
        entry("{}").source("aws.events"),
        entry("{}").detail_type("x".repeat(129)),
        entry(r#"{"n":2}"#).detail_type("x".repeat(128)),
    ];
    let answer = put(&events(&aws), entries).await;
    let malformed = "MalformedDetail";
    let invalid = "InvalidArgument";
    let foreign = "NotAuthorizedForSourceException";
    assert_eq!(codes(&answer), ["", invalid, invalid, invalid, malformed, malformed, foreign, invalid, ""]);
    assert_eq!(answer.failed_entry_count, 7);
    assert!(answer.entries().iter().all(|entry| entry.event_id().is_some() != entry.error_message().is_some()));
    let came = aws.event_bus().events(BUS);
    assert_eq!(came.iter().map(|event| event.detail.clone()).collect::<Vec<_>>(), [json!({"n": 1}), json!({"n": 2})]);
}

#[tokio::test]
async fn a_call_has_one_to_ten_entries() {
    let aws = start(None).await;
    aws.event_bus().create(BUS);
    for (count, taken) in [(0, false), (1, true), (10, true), (11, false)] {
        let entries = vec![entry("{}").build(); count];
        let answer = events(&aws).put_events().set_entries(Some(entries)).send().await;
        assert_eq!(answer.is_ok(), taken, "{count}");
        if let Err(error) = answer {
            assert_eq!(error.code(), Some("ValidationException"), "{count}");
        }
    }
    assert_eq!(aws.event_bus().events(BUS).len(), 11);
}

#[tokio::test]
async fn the_entries_of_a_call_have_at_most_256_kilobytes_together() {
    let aws = start(None).await;
    aws.event_bus().create(BUS);
    let empty = entry(r#"{"x":""}"#).build();
    let rest: usize = [empty.source(), empty.detail_type(), empty.detail()].into_iter().flatten().map(str::len).sum();
    for (size, taken) in [(256 * 1024, true), (256 * 1024 + 1, false)] {
        let halves = [size / 2, size - size / 2];
        let entries = halves.map(|half| entry(&format!(r#"{{"x":"{}"}}"#, "x".repeat(half - rest))).build());
        let answer = events(&aws).put_events().set_entries(Some(entries.to_vec())).send().await;
        assert_eq!(answer.is_ok(), taken, "{size}");
    }
    assert_eq!(aws.event_bus().events(BUS).len(), 2);
}

#[tokio::test]
async fn single_entries_fail_when_a_fault_says_so() {
    let aws = start(None).await;
    aws.event_bus().create(BUS);
    let failed = FailedEntries { indices: vec![0, 2, 7], code: "ThrottlingException".to_owned() };
    aws.faults().fail("EventBridge", AwsFault::times(1, Effect::FailEntries(failed)));
    let three = || [entry(r#"{"n":1}"#), entry(r#"{"n":2}"#), entry(r#"{"n":3}"#)];
    let answer = put(&events(&aws), three()).await;
    assert_eq!(codes(&answer), ["ThrottlingException", "", "ThrottlingException"]);
    assert_eq!(answer.failed_entry_count, 2);
    assert_eq!(aws.event_bus().events(BUS).len(), 1);
    assert_eq!(put(&events(&aws), three()).await.failed_entry_count, 0);
    assert_eq!(aws.faults().calls("EventBridge.PutEvents"), 2);
}

#[tokio::test]
async fn the_sdk_tries_a_throttled_call_again() {
    let aws = start(None).await;
    aws.event_bus().create(BUS);
    aws.faults().fail("EventBridge.PutEvents", AwsFault::times(1, Effect::Throttle));
    put(&events(&aws), [entry("{}")]).await;
    assert_eq!(aws.faults().calls("EventBridge.PutEvents"), 2);
    assert_eq!(aws.event_bus().events(BUS).len(), 1);
}

#[tokio::test]
async fn a_bus_is_described_if_it_is_there() {
    let aws = start(None).await;
    aws.event_bus().create(BUS);
    let described = events(&aws).describe_event_bus().name(BUS).send().await.unwrap();
    assert_eq!(described.arn(), Some("arn:aws:events:eu-central-1:000000000000:event-bus/connections"));
    let unknown = events(&aws).describe_event_bus().name("other").send().await;
    assert!(unknown.unwrap_err().into_service_error().is_resource_not_found_exception());
}
