use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use local::{
    aws::EmbeddedAws,
    event_source::{EventSource, Handler},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use super::support::{TABLE, dynamodb, start, start_without_table, text};

/// How long a test waits for what should be there at once.
const AT_MOST: Duration = Duration::from_secs(4);

/// What a function does with an invocation.
#[derive(Clone)]
enum Turn {
    /// Answers with this response.
    Answer(&'static str),
    /// Says that the records at these places are not handled.
    Fail(&'static [usize]),
    /// Fails as a whole.
    Error,
    Panic,
}

/// A function that plays its turns, then handles everything.
#[derive(Default)]
struct Function {
    turns: Mutex<VecDeque<Turn>>,
    events: Mutex<Vec<(Instant, Value)>>,
}

impl Function {
    fn playing(turns: impl IntoIterator<Item = Turn>) -> Arc<Self> {
        Arc::new(Self { turns: Mutex::new(turns.into_iter().collect()), ..Self::default() })
    }

    fn handler(self: &Arc<Self>) -> Handler {
        let function = self.clone();
        Arc::new(move |event| {
            let function = function.clone();
            Box::pin(async move { function.handle(&event) })
        })
    }

    fn handle(&self, event: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let event: Value = serde_json::from_str(event)?;
        self.events.lock().unwrap().push((Instant::now(), event.clone()));
        let turn = self.turns.lock().unwrap().pop_front();
        match turn {
            None => Ok(r#"{"batchItemFailures":[]}"#.to_owned()),
            Some(Turn::Answer(response)) => Ok(response.to_owned()),
            Some(Turn::Fail(places)) => {
                let failure =
                    |place: &usize| json!({"itemIdentifier": event["Records"][*place]["dynamodb"]["SequenceNumber"]});
                Ok(json!({"batchItemFailures": places.iter().map(failure).collect::<Vec<_>>()}).to_string())
            }
            Some(Turn::Error) => Err("not now".into()),
            Some(Turn::Panic) => panic!("a defect"),
        }
    }

    /// The user ids of each invocation's records.
    fn invocations(&self) -> Vec<String> {
        let pk = |record: &Value| record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().replace("connection#", "");
        let of = |event: &Value| event["Records"].as_array().unwrap().iter().map(pk).collect::<Vec<_>>().join(" ");
        self.events.lock().unwrap().iter().map(|(_, event)| of(event)).collect()
    }
}

fn put(aws: &EmbeddedAws, pk: &str) {
    aws.put_item(TABLE, &json!({"pk": {"S": pk}})).unwrap();
}

fn connect(aws: &EmbeddedAws, users: impl IntoIterator<Item = u32>) {
    for user in users {
        put(aws, &format!("connection#{user}"));
    }
}

async fn drained(source: &EventSource) {
    timeout(AT_MOST, source.drained()).await.unwrap();
}

/// What a function that plays these turns sees of that many connections that are there before it starts.
async fn invocations(turns: impl IntoIterator<Item = Turn>, users: u32) -> Vec<String> {
    let aws = start(None).await;
    connect(&aws, 1..=users);
    let function = Function::playing(turns);
    let source = EventSource::start(aws, TABLE, function.handler()).unwrap();
    drained(&source).await;
    function.invocations()
}

#[tokio::test]
async fn an_event_has_the_shape_that_lambda_gives_it() {
    let aws = start(None).await;
    let old = json!({"pk": {"S": "connection#1"}, "generation": {"N": "1"}});
    let new = json!({"pk": {"S": "connection#1"}, "generation": {"N": "2"}, "scopes": {"SS": ["a", "b"]}});
    aws.put_item(TABLE, &old).unwrap();
    aws.put_item(TABLE, &new).unwrap();
    aws.delete_item(TABLE, "connection#1").unwrap();
    let function = Function::playing([]);
    let source = EventSource::start(aws.clone(), TABLE, function.handler()).unwrap();
    drained(&source).await;
    let described = dynamodb(&aws).describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    let events = function.events.lock().unwrap();
    let records = events[0].1["Records"].as_array().unwrap();
    assert_eq!(
        records.iter().map(|it| it["eventName"].as_str().unwrap()).collect::<Vec<_>>(),
        ["INSERT", "MODIFY", "REMOVE"]
    );
    for record in records {
        assert!(record["eventID"].as_str().is_some_and(|id| id.len() == 32), "{record}");
        assert!(record["dynamodb"]["ApproximateCreationDateTime"].is_i64(), "{record}");
        assert!(record["dynamodb"]["SizeBytes"].as_u64().is_some_and(|size| size > 0), "{record}");
    }
    assert_eq!([records[0]["dynamodb"].get("OldImage"), records[2]["dynamodb"].get("NewImage")], [None, None]);
    let modified = &records[1];
    assert_eq!(
        *modified,
        json!({
            "eventID": modified["eventID"], "eventName": "MODIFY", "eventVersion": "1.1",
            "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
            "eventSourceARN": described.latest_stream_arn().unwrap(),
            "dynamodb": {
                "ApproximateCreationDateTime": modified["dynamodb"]["ApproximateCreationDateTime"],
                "Keys": {"pk": {"S": "connection#1"}}, "OldImage": old, "NewImage": new,
                "SequenceNumber": modified["dynamodb"]["SequenceNumber"],
                "SizeBytes": modified["dynamodb"]["SizeBytes"], "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        })
    );
}

#[tokio::test]
async fn a_function_sees_connections_only_and_only_what_changed() {
    let aws = start(None).await;
    for pk in ["token#a", "connection#1", "event#b", "connection#1", "connections#1", "connection#2", "token#c"] {
        put(&aws, pk);
    }
    let function = Function::playing([]);
    let source = EventSource::start(aws, TABLE, function.handler()).unwrap();
    drained(&source).await;
    assert_eq!(function.invocations(), ["1 2"]);
}

#[tokio::test]
async fn a_stream_without_connections_is_drained_without_an_invocation() {
    let aws = start(None).await;
    let function = Function::playing([]);
    let source = EventSource::start(aws.clone(), TABLE, function.handler()).unwrap();
    drained(&source).await;
    for number in 0..250 {
        put(&aws, &format!("token#{number}"));
    }
    drained(&source).await;
    assert!(function.invocations().is_empty());
}

#[tokio::test]
async fn a_batch_has_at_most_ten_records() {
    assert_eq!(invocations([], 12).await, ["1 2 3 4 5 6 7 8 9 10", "11 12"]);
}

#[tokio::test]
async fn a_write_wakes_the_source() {
    let aws = start(None).await;
    let function = Function::playing([]);
    let source = EventSource::start(aws.clone(), TABLE, function.handler()).unwrap();
    drained(&source).await;
    for user in ["1", "2"] {
        let put = dynamodb(&aws).put_item().table_name(TABLE).item("pk", text(&format!("connection#{user}")));
        put.send().await.unwrap();
        drained(&source).await;
    }
    assert_eq!(function.invocations(), ["1", "2"]);
}

#[tokio::test]
async fn a_batch_is_tried_again_from_the_lowest_record_that_failed() {
    assert_eq!(invocations([Turn::Fail(&[3, 1])], 4).await, ["1 2 3 4", "2 3 4"]);
    assert_eq!(invocations([Turn::Fail(&[0]), Turn::Fail(&[1])], 2).await, ["1 2", "1 2", "2"]);
}

#[tokio::test]
async fn what_stands_before_a_failed_record_is_not_seen_again_even_between_other_items() {
    let aws = start(None).await;
    for pk in ["connection#1", "token#a", "connection#2", "token#b", "connection#3", "token#c"] {
        put(&aws, pk);
    }
    let function = Function::playing([Turn::Fail(&[1]), Turn::Fail(&[1])]);
    let source = EventSource::start(aws, TABLE, function.handler()).unwrap();
    drained(&source).await;
    assert_eq!(function.invocations(), ["1 2 3", "2 3", "3"]);
}

#[tokio::test]
async fn a_failed_invocation_is_tried_again_and_nothing_is_skipped() {
    let unknown = r#"{"batchItemFailures":[{"itemIdentifier":"100000000000000000001"}]}"#;
    let empty = r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#;
    let misspelt = r#"{"batchItemFailures":[{"item":"1"}]}"#;
    let answers = [unknown, empty, misspelt, "no JSON"].map(Turn::Answer);
    for turn in [Turn::Error, Turn::Panic].into_iter().chain(answers) {
        assert_eq!(invocations([turn], 2).await, ["1 2", "1 2"]);
    }
}

#[tokio::test]
async fn a_response_without_failures_is_success() {
    for response in [r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#, "{}", "null", ""] {
        assert_eq!(invocations([Turn::Answer(response)], 2).await, ["1 2"], "{response}");
    }
}

#[tokio::test]
async fn a_failed_batch_waits_longer_each_time() {
    let aws = start(None).await;
    connect(&aws, 1..=1);
    let function = Function::playing([Turn::Error, Turn::Error, Turn::Error]);
    let source = EventSource::start(aws, TABLE, function.handler()).unwrap();
    drained(&source).await;
    let times: Vec<Instant> = function.events.lock().unwrap().iter().map(|(time, _)| *time).collect();
    let waits: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits.len(), 3);
    for (wait, millis) in waits.iter().zip([100, 200, 400]) {
        assert!(*wait >= Duration::from_millis(millis), "{waits:?}");
    }
}

#[tokio::test]
async fn a_source_ends_when_it_is_dropped_and_the_next_goes_on_in_its_place() {
    let aws = start(None).await;
    connect(&aws, 1..=1);
    let first = Function::playing([]);
    drained(&EventSource::start(aws.clone(), TABLE, first.handler()).unwrap()).await;

    connect(&aws, 2..=2);
    let (invoked, mut invocation) = mpsc::channel::<String>(1);
    let hanging: Handler = Arc::new(move |event| {
        let invoked = invoked.clone();
        Box::pin(async move {
            invoked.send(event).await?;
            pending().await
        })
    });
    let source = EventSource::start(aws.clone(), TABLE, hanging).unwrap();
    assert!(invocation.recv().await.unwrap().contains("connection#2"));
    drop(source);
    // The handler is dropped with its invocation, and with it the other end of the channel.
    assert_eq!(timeout(AT_MOST, invocation.recv()).await.unwrap(), None);

    connect(&aws, 3..=3);
    let third = Function::playing([]);
    drained(&EventSource::start(aws, TABLE, third.handler()).unwrap()).await;
    assert_eq!(first.invocations(), ["1"]);
    assert_eq!(third.invocations(), ["2 3"]);
}

#[tokio::test]
async fn a_source_remembers_in_the_file_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    {
        let aws = start(Some(file.clone())).await;
        connect(&aws, 1..=2);
        let function = Function::playing([]);
        drained(&EventSource::start(aws.clone(), TABLE, function.handler()).unwrap()).await;
        connect(&aws, 3..=3);
    }
    let aws = start(Some(file)).await;
    let function = Function::playing([]);
    drained(&EventSource::start(aws, TABLE, function.handler()).unwrap()).await;
    assert_eq!(function.invocations(), ["3"]);
}

#[tokio::test]
async fn a_table_that_is_not_there_has_no_event_source() {
    let aws = start_without_table(None).await;
    let error = EventSource::start(aws, TABLE, Function::playing([]).handler()).err().unwrap();
    assert_eq!(error.code(), "ResourceNotFoundException");
}
