//! What each user spent of Gmail's quota: written on condition that nobody else wrote, and held against the clock.

use base64::{Engine, engine::general_purpose::STANDARD};
use local::aws::{AwsFault, Effect};
use serde_json::{Value, json};
use shared::{
    aws::quota::DynamoDbSpending,
    domain::quota::{Spending, SpendingStore, Stored, Tick, WriteError},
};

use super::recorder::*;

fn store(aws: &Aws) -> DynamoDbSpending {
    DynamoDbSpending::new(&aws.config(), TABLE.to_owned())
}

fn spent(units: u64) -> Spending {
    let mut spending = Spending::default();
    spending.charge(Tick::of(at(0)), units);
    spending
}

fn item(aws: &Aws) -> Option<Value> {
    aws.embedded.item(TABLE, &format!("quota#{}", user())).unwrap()
}

/// What is stored, according to a conflict.
#[track_caller]
fn conflicting(written: Result<u64, WriteError>) -> Stored {
    match written {
        Err(WriteError::Conflict(stored)) => stored,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn spending_is_written_in_one_call_and_read_consistently() {
    let aws = Aws::start().await;
    let generation = store(&aws).replace(&user(), 0, &spent(405), at(0)).await.unwrap();
    let key = json!({ "pk": { "S": format!("quota#{}", user()) } });
    let (operation, request) = aws.take_call();
    assert_eq!((operation.as_str(), &request["Key"]), ("UpdateItem", &key));
    assert_eq!(request["ConditionExpression"], "attribute_not_exists(generation)");
    assert_eq!(request["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
    assert_eq!(i64::try_from(generation).unwrap(), at(0).unix_millis());
    let found = store(&aws).find(&user(), at(60)).await.unwrap();
    assert_eq!(found, Stored { spending: spent(405), generation });
    let asked = json!({ "TableName": TABLE, "Key": key, "ConsistentRead": true });
    assert_eq!(aws.take_call(), ("GetItem".to_owned(), asked));
    let item = item(&aws).unwrap();
    assert_eq!(item["expires_at"]["N"], (at(0).unix_seconds() + 122).to_string());
    assert_eq!(item["charges"]["B"], STANDARD.encode(spent(405).to_bytes()));
}

#[tokio::test]
async fn whoever_writes_second_writes_nothing_and_is_told_what_is_stored() {
    let aws = Aws::start().await;
    let store = store(&aws);
    let first = store.replace(&user(), 0, &spent(20), at(0)).await.unwrap();
    let second = store.replace(&user(), first, &spent(40), at(0)).await.unwrap();
    assert_eq!(second, first + 1, "another one in the same millisecond, too");
    aws.take_calls();
    for read in [0, first, second + 1] {
        let stored = conflicting(store.replace(&user(), read, &spent(9_999), at(0)).await);
        assert_eq!(stored, Stored { spending: spent(40), generation: second }, "{read}");
        assert_eq!(aws.take_call().0, "UpdateItem", "it is told in the same call");
    }
    assert_eq!(store.find(&user(), at(0)).await.unwrap().spending, spent(40));
}

#[tokio::test]
async fn an_item_that_was_deleted_meanwhile_is_made_anew_and_is_another_one() {
    let aws = Aws::start().await;
    let store = store(&aws);
    assert_eq!(conflicting(store.replace(&user(), 7, &spent(20), at(0)).await), Stored::default());
    assert_eq!(store.find(&user(), at(0)).await.unwrap(), Stored::default());
    let first = store.replace(&user(), 0, &spent(20), at(0)).await.unwrap();
    aws.embedded.put_item(TABLE, &json!({ "pk": { "S": format!("quota#{}", user()) } })).unwrap();
    let again = store.replace(&user(), 0, &spent(40), at(100_000)).await.unwrap();
    assert!(again > first);
    assert_eq!(conflicting(store.replace(&user(), first, &spent(20), at(100_000)).await).generation, again);
}

#[tokio::test]
async fn what_is_over_by_the_clock_does_not_count_though_the_item_is_there() {
    let aws = Aws::start().await;
    store(&aws).replace(&user(), 0, &spent(20), at(0)).await.unwrap();
    for (second, is_spent) in [(0, true), (60, true), (61, false), (200, false), (1_000_000, false)] {
        let found = store(&aws).find(&user(), at(second)).await.unwrap();
        assert_eq!(found.spending == spent(20), is_spent, "{second}");
        assert_eq!(found.spending.is_empty(), !is_spent, "{second}");
    }
    assert!(item(&aws).is_some());
}

#[tokio::test]
async fn a_damaged_item_is_replaced() {
    let aws = Aws::start().await;
    let pk = json!({ "S": format!("quota#{}", user()) });
    let binary = json!({ "B": STANDARD.encode([0xff; 40]) });
    for (charges, generation) in [
        (binary.clone(), json!({ "N": "7" })),
        (json!({ "S": "text" }), json!({ "N": "7" })),
        (json!({ "NULL": true }), json!({ "N": "7" })),
    ] {
        aws.embedded.put_item(TABLE, &json!({ "pk": pk, "charges": charges, "generation": generation })).unwrap();
        let found = store(&aws).find(&user(), at(0)).await.unwrap();
        assert_eq!(found, Stored { spending: Spending::default(), generation: 7 }, "{charges}");
        store(&aws).replace(&user(), 7, &spent(20), at(0)).await.unwrap();
    }
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again_and_what_is_refused_is_not() {
    let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
    for (effect, tries) in
        [(Effect::Status(500), TRIES), (Effect::Throttle, TRIES), (Effect::Disconnect, TRIES), (denied, 1)]
    {
        let aws = Aws::start().await;
        aws.embedded.faults().fail("DynamoDB", AwsFault::always(effect.clone()));
        assert!(store(&aws).find(&user(), at(0)).await.is_err());
        let written = store(&aws).replace(&user(), 0, &spent(20), at(0)).await;
        assert!(matches!(written, Err(WriteError::Store(_))), "{written:?}");
        let calls = |operation| aws.embedded.faults().calls(operation);
        assert_eq!((calls("DynamoDB.GetItem"), calls("DynamoDB.UpdateItem")), (tries, tries), "{effect:?}");
    }
}
