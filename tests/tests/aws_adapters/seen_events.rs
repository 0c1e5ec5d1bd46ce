//! The memory of seen events: read consistently, held against the clock, and never an obstacle.

use local::aws::{AwsFault, Effect};
use serde_json::json;
use shared::domain::{connection::StoreError, security_event::SeenEvents};

use super::recorder::*;

#[tokio::test]
async fn an_event_is_looked_for_consistently_and_remembered_with_its_end() {
    let aws = Aws::start().await;
    let seen = aws.seen_events();
    assert!(!seen.is_seen("jti-1", at(0)).await.unwrap());
    let key = json!({ "S": "event#jti-1" });
    let asked = json!({ "TableName": TABLE, "Key": { "pk": key }, "ConsistentRead": true });
    assert_eq!(aws.take_call(), ("GetItem".to_owned(), asked));
    seen.remember("jti-1", at(100)).await.unwrap();
    let until = json!({ "N": at(100).unix_seconds().to_string() });
    let put = json!({ "TableName": TABLE, "Item": { "pk": key, "expires_at": until } });
    assert_eq!(aws.take_call(), ("PutItem".to_owned(), put));
    assert!(seen.is_seen("jti-1", at(0)).await.unwrap());
}

#[tokio::test]
async fn it_is_remembered_until_its_end_by_the_clock_and_not_longer() {
    let aws = Aws::start().await;
    aws.seen_events().remember("jti-1", at(100)).await.unwrap();
    for (second, is_seen) in [(-1_000, true), (0, true), (99, true), (100, false), (101, false), (1_000_000, false)] {
        assert_eq!(aws.seen_events().is_seen("jti-1", at(second)).await.unwrap(), is_seen, "{second}");
    }
    assert_eq!(aws.embedded.items(TABLE).unwrap().len(), 1, "the item is still there");
}

#[tokio::test]
async fn events_are_told_apart_to_the_letter() {
    let aws = Aws::start().await;
    let seen = aws.seen_events();
    seen.remember("jti-1", at(100)).await.unwrap();
    for other in ["jti-", "jti-10", "JTI-1", "event#jti-1", "", "jti-1 "] {
        assert!(!seen.is_seen(other, at(0)).await.unwrap(), "{other:?}");
    }
}

#[tokio::test]
async fn to_remember_again_moves_the_end() {
    let aws = Aws::start().await;
    let seen = aws.seen_events();
    seen.remember("jti-1", at(100)).await.unwrap();
    seen.remember("jti-1", at(200)).await.unwrap();
    assert!(seen.is_seen("jti-1", at(150)).await.unwrap());
    assert_eq!(aws.embedded.items(TABLE).unwrap().len(), 1);
}

#[tokio::test]
async fn an_item_that_does_not_say_its_end_is_not_remembered() {
    let aws = Aws::start().await;
    for end in [json!({ "S": "9999999999" }), json!({ "BOOL": true }), json!({ "NULL": true }), json!({ "N": "1.5" })] {
        let item = json!({ "pk": { "S": "event#odd" }, "expires_at": end });
        aws.embedded.put_item(TABLE, &item).unwrap();
        assert!(!aws.seen_events().is_seen("odd", at(0)).await.unwrap(), "{end}");
    }
    aws.embedded.put_item(TABLE, &json!({ "pk": { "S": "event#odd" } })).unwrap();
    assert!(!aws.seen_events().is_seen("odd", at(0)).await.unwrap());
}

/// The error of looking and that of remembering under a fault, and how often each was tried.
async fn under(fault: &AwsFault) -> [(Result<(), StoreError>, u64); 2] {
    let aws = Aws::start().await;
    aws.embedded.faults().fail("DynamoDB", fault.clone());
    let calls = |operation| aws.embedded.faults().calls(operation);
    let looked = aws.seen_events().is_seen("jti-1", at(0)).await.map(drop);
    let remembered = aws.seen_events().remember("jti-1", at(1)).await;
    [(looked, calls("DynamoDB.GetItem")), (remembered, calls("DynamoDB.PutItem"))]
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again_and_what_is_refused_is_not() {
    let denied = || Effect::Error { code: "AccessDeniedException".to_owned() };
    for (effect, transient, tries) in [
        (Effect::Status(500), true, TRIES),
        (Effect::Throttle, true, TRIES),
        (Effect::Disconnect, true, TRIES),
        (Effect::Hang, true, TRIES),
        (denied(), false, 1),
    ] {
        for (outcome, tried) in under(&AwsFault::always(effect.clone())).await {
            assert_eq!((outcome.unwrap_err().transient, tried), (transient, tries), "{effect:?}");
        }
    }
}

#[tokio::test]
async fn a_table_that_is_not_there_is_an_error() {
    let aws = Aws::start().await;
    let elsewhere = aws.seen_events_in("no-such-table");
    assert!(elsewhere.is_seen("jti-1", at(0)).await.is_err());
    assert!(elsewhere.remember("jti-1", at(0)).await.is_err());
}
