use std::time::Duration;

use local::aws::{AwsFault, Effect, EmbeddedAws, When};

use super::support::{TABLE, dynamodb, secrets, start, text};

/// A put in a task of its own, and with a client of its own.
fn put(aws: &EmbeddedAws, pk: &str) -> tokio::task::JoinHandle<bool> {
    let put = dynamodb(aws).put_item().table_name(TABLE).item("pk", text(pk)).send();
    tokio::spawn(async { put.await.is_ok() })
}

#[tokio::test]
async fn a_crash_point_stops_a_call_before_or_after_it_is_carried_out() {
    for (when, written) in [(When::Before, false), (When::After, true)] {
        let aws = start(None).await;
        let mut point = aws.faults().stop_at(1, when);
        let put = put(&aws, "a");
        point.reached().await;
        assert_eq!(aws.item(TABLE, "a").unwrap().is_some(), written, "{when:?}");
        assert!(!put.is_finished(), "{when:?}");
        put.abort();
        assert_eq!(aws.faults().calls("DynamoDB.PutItem"), 1, "{when:?}");
    }
}

#[tokio::test]
async fn a_crash_point_counts_the_calls_of_all_services() {
    let aws = start(None).await;
    aws.secrets().put("name", "text").unwrap();
    let mut point = aws.faults().stop_at(3, When::Before);
    assert!(put(&aws, "first").await.unwrap());
    secrets(&aws).get_secret_value().secret_id("name").send().await.unwrap();
    let third = put(&aws, "third");
    point.reached().await;
    third.abort();
    assert_eq!(aws.item(TABLE, "third").unwrap(), None);
    assert!(put(&aws, "fourth").await.unwrap());
}

#[tokio::test]
async fn a_crash_point_that_is_dropped_is_disarmed() {
    let aws = start(None).await;
    drop(aws.faults().stop_at(1, When::Before));
    assert!(put(&aws, "a").await.unwrap());
}

#[tokio::test]
async fn a_call_at_a_crash_point_does_not_use_up_a_fault() {
    let aws = start(None).await;
    aws.faults().fail("DynamoDB", AwsFault::times(1, Effect::Error { code: "AccessDeniedException".into() }));
    let mut point = aws.faults().stop_at(1, When::After);
    let first = put(&aws, "first");
    point.reached().await;
    first.abort();
    assert!(aws.item(TABLE, "first").unwrap().is_some());
    assert!(!put(&aws, "second").await.unwrap());
}

#[tokio::test]
async fn a_crash_point_is_not_reached_before_its_call() {
    let aws = start(None).await;
    let mut point = aws.faults().stop_at(2, When::Before);
    assert!(put(&aws, "first").await.unwrap());
    assert!(tokio::time::timeout(Duration::ZERO, point.reached()).await.is_err());
    let second = put(&aws, "second");
    point.reached().await;
    second.abort();
}
