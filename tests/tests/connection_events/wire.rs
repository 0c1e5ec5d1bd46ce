//! What goes to EventBridge, and what is made of its answers.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, response::IntoResponse};
use connection_events::ConnectionEvents;
use http::HeaderMap;
use serde_json::{Value, json};
use shared::{
    function::{Deadline, Environment},
    records::invoke,
};
use tests::{PATIENCE, world::World};
use tokio::net::TcpListener;

use super::delivery::environment;

const BUS: &str = "arn:aws:events:eu-central-1:000000000000:event-bus/connections";

/// An EventBridge that writes down what comes and answers what it is told.
#[derive(Clone, Default)]
struct Bridge {
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    answers: Arc<Mutex<Vec<Value>>>,
}

async fn call(State(bridge): State<Bridge>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let call: Value = serde_json::from_slice(&body).unwrap();
    let entries = call["Entries"].as_array().unwrap().len();
    bridge.calls.lock().unwrap().push((target, call));
    let answer = bridge.answers.lock().unwrap().pop();
    let all = || json!({"FailedEntryCount": 0, "Entries": vec![json!({"EventId": "1"}); entries]});
    ([("content-type", "application/x-amz-json-1.1")], answer.unwrap_or_else(all).to_string())
}

/// The function before such an EventBridge.
async fn connect(bridge: &Bridge) -> (World, ConnectionEvents) {
    let world = World::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(call).with_state(bridge.clone());
    tokio::spawn(axum::serve(listener, app).into_future());
    let environment = environment(&world, Some(BUS));
    let aws = environment.aws.clone().into_builder().endpoint_url(endpoint).build();
    let function = ConnectionEvents::connect(Environment { aws, ..environment }).await.unwrap();
    (world, function)
}

/// A batch in which that many users connect.
fn batch(users: usize) -> String {
    let record = |user: usize| {
        json!({"eventID": format!("e{user}"), "eventName": "INSERT", "dynamodb": {"SequenceNumber": format!("{user:04}"),
            "ApproximateCreationDateTime": 1_795_345_200,
            "NewImage": {"pk": {"S": format!("connection#{user}")}, "email": {"S": "a@example.com"},
                "status": {"S": "active"}, "refresh_token": {"B": "c2VhbGVk"}, "generation": {"N": "7"},
                "updated_at": {"S": "2026-11-22T10:00:00.000Z"}}}})
    };
    json!({"Records": (0..users).map(record).collect::<Vec<_>>()}).to_string()
}

async fn take(function: &ConnectionEvents, users: usize) -> Value {
    let answer = invoke(function, &batch(users), Deadline::after(PATIENCE)).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    assert!(failures.len() <= 1);
    failures.first().map_or(Value::Null, |failure| failure["itemIdentifier"].clone())
}

#[tokio::test]
async fn an_event_is_an_entry_with_exactly_these_members() {
    let bridge = Bridge::default();
    let (_world, function) = connect(&bridge).await;
    assert_eq!(take(&function, 1).await, Value::Null);
    let (target, mut sent) = bridge.calls.lock().unwrap().pop().unwrap();
    let detail = sent["Entries"][0].as_object_mut().unwrap().remove("Detail").unwrap();
    assert_eq!(target, "AWSEvents.PutEvents");
    let entry = json!({"EventBusName": BUS, "Source": "gmail-connect", "DetailType": "Connection created"});
    assert_eq!(sent, json!({"Entries": [entry]}));
    let detail: Value = serde_json::from_str(detail.as_str().unwrap()).unwrap();
    let at = "2026-11-22T10:00:00.000Z";
    assert_eq!(detail, json!({"event_id": "e0", "user_id": "0", "generation": 7, "occurred_at": at}));
}

#[tokio::test]
async fn ten_events_go_in_a_call_in_their_order() {
    let bridge = Bridge::default();
    let (_world, function) = connect(&bridge).await;
    assert_eq!(take(&function, 25).await, Value::Null);
    let calls = bridge.calls.lock().unwrap();
    let users: Vec<Vec<String>> = calls.iter().map(|(_, call)| users_of(call)).collect();
    assert_eq!(users.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    assert_eq!(users.concat(), (0..25).map(|user| user.to_string()).collect::<Vec<_>>());
}

fn users_of(call: &Value) -> Vec<String> {
    let detail = |entry: &Value| serde_json::from_str::<Value>(entry["Detail"].as_str().unwrap()).unwrap();
    let entries = call["Entries"].as_array().unwrap().iter();
    entries.map(|entry| detail(entry)["user_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_first_entry_that_was_not_taken_is_named_and_nothing_goes_after_its_call() {
    let failed = json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"});
    let taken = json!({"EventId": "1"});
    let answers = [
        (json!({"FailedEntryCount": 1, "Entries": [taken, failed, taken]}), json!("0001")),
        (json!({"FailedEntryCount": 3, "Entries": [failed, failed, failed]}), json!("0000")),
        (json!({"FailedEntryCount": 1, "Entries": [taken, taken, failed]}), json!("0002")),
        // What the answer does not speak of was not taken.
        (json!({"FailedEntryCount": 0, "Entries": [taken]}), json!("0001")),
        (json!({"FailedEntryCount": 0, "Entries": []}), json!("0000")),
        (json!({}), json!("0000")),
    ];
    for (answer, first) in answers {
        let bridge = Bridge::default();
        bridge.answers.lock().unwrap().push(answer.clone());
        let (_world, function) = connect(&bridge).await;
        assert_eq!(take(&function, 3).await, first, "{answer}");
        assert_eq!(bridge.calls.lock().unwrap().len(), 1);
    }
    let bridge = Bridge::default();
    let mut entries = vec![taken; 10];
    entries[4] = failed;
    bridge.answers.lock().unwrap().push(json!({"FailedEntryCount": 1, "Entries": entries}));
    let (_world, function) = connect(&bridge).await;
    assert_eq!(take(&function, 25).await, json!("0004"));
    assert_eq!(bridge.calls.lock().unwrap().len(), 1);
}
