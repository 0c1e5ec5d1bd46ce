//! A bus that fails delays nobody and loses nothing.

use std::time::{Duration, Instant};

use local::aws::{AwsFault, Effect, FailedEntries};
use serde_json::{Value, json};
use shared::{function::Deadline, records::invoke};
use tests::{
    PATIENCE,
    event::Event,
    world::{ANNA, DAVID, NOOR, TABLE, World, sub},
};

use super::delivery::{BUS, Delivery, environment, events, function, told, types, world};

const PUT: &str = "EventBridge.PutEvents";

fn every_fault() -> Vec<Effect> {
    let failed = |indices: &[usize]| FailedEntries { indices: indices.to_vec(), code: "InternalFailure".to_owned() };
    vec![
        Effect::Status(500),
        Effect::Status(503),
        Effect::Throttle,
        Effect::Error { code: "AccessDeniedException".to_owned() },
        Effect::Hang,
        Effect::Disconnect,
        Effect::LoseAnswer,
        Effect::FailEntries(failed(&(0..10).collect::<Vec<_>>())),
        Effect::FailEntries(failed(&[1])),
    ]
}

/// A life of connections; gives what was answered.
async fn live(world: &World) -> Vec<u16> {
    let mut answers = Vec::new();
    for email in [ANNA, DAVID, NOOR] {
        world.connect(email).await;
        world.clock.advance(Duration::from_hours(1));
        for event in [
            Event::get(&format!("/users/{}/messages", sub(email))),
            Event::delete(&format!("/users/{}/connection", sub(email))),
            Event::get(&format!("/users/{}/connection", sub(email))),
        ] {
            answers.push(world.instance.send(&event.iam()).await.status());
        }
    }
    answers
}

#[tokio::test]
async fn while_the_bus_fails_requests_are_answered_as_ever_and_then_every_event_arrives() {
    for effect in every_fault() {
        let world = world().await;
        world.aws.faults().fail(PUT, AwsFault::always(effect.clone()));
        let delivery = Delivery::start(&world).await;
        let started = Instant::now();
        assert_eq!(live(&world).await, [200, 200, 404].repeat(3), "{effect:?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{effect:?}: {:?}", started.elapsed());
        while world.aws.faults().calls(PUT) == 0 {
            tokio::task::yield_now().await;
        }
        world.aws.faults().clear(PUT);
        delivery.finished().await;
        assert_eq!(types(&world), ["created", "revoked", "deleted"].repeat(3), "{effect:?}");
    }
}

#[tokio::test]
async fn requests_do_not_go_to_the_bus_themselves() {
    let world = world().await;
    live(&world).await;
    assert_eq!(world.aws.faults().calls("EventBridge"), 0);
    assert!(events(&world).is_empty());
    Delivery::start(&world).await.finished().await;
    assert_eq!(types(&world).len(), 9);
}

#[tokio::test]
async fn a_new_process_goes_on_where_the_last_one_did_not_come_to() {
    let world = world().await;
    world.aws.faults().fail(PUT, AwsFault::times(2, Effect::Status(500)));
    for email in [ANNA, DAVID, NOOR] {
        let delivery = Delivery::start(&world).await;
        let calls = world.aws.faults().calls(PUT);
        world.connect(email).await;
        while world.aws.faults().calls(PUT) == calls {
            tokio::task::yield_now().await;
        }
        drop(delivery);
    }
    Delivery::start(&world).await.finished().await;
    let users: Vec<_> = told(&world).into_iter().map(|(_, detail)| detail["user_id"].clone()).collect();
    assert_eq!(users, [ANNA, DAVID, NOOR].map(sub));
}

#[tokio::test]
async fn a_process_that_dies_before_it_has_answered_tells_again_and_by_the_same_id() {
    let world = world().await;
    world.connect(ANNA).await;
    let mut crash = world.aws.faults().stop_at(1, local::aws::When::After);
    let delivery = Delivery::start(&world).await;
    crash.reached().await;
    drop(delivery);
    assert_eq!(events(&world).len(), 1);
    Delivery::start(&world).await.finished().await;
    let ids: Vec<_> = events(&world).iter().map(|event| event.detail["event_id"].clone()).collect();
    assert_eq!((ids.len(), ids.first() == ids.last()), (2, true));
    assert_eq!(types(&world), ["created"]);
}

#[tokio::test]
async fn the_records_after_an_entry_that_failed_wait_for_it() {
    let world = world().await;
    for user in 1..=5 {
        world.aws.put_item(TABLE, &row(user)).unwrap();
    }
    let failed = FailedEntries { indices: vec![2], code: "ThrottlingException".to_owned() };
    world.aws.faults().fail(PUT, AwsFault::times(1, Effect::FailEntries(failed)));
    let delivery = Delivery::start(&world).await;
    delivery.finished().await;
    let failures = |answer: &String| {
        let answer: Value = serde_json::from_str(answer).unwrap();
        answer["batchItemFailures"].as_array().unwrap().len()
    };
    assert_eq!(delivery.answers().iter().map(failures).collect::<Vec<_>>(), [1, 0]);
    let users: Vec<_> = told(&world).into_iter().map(|(_, detail)| detail["user_id"].clone()).collect();
    assert_eq!(users.len(), 5);
    assert_eq!(events(&world).len(), 7, "those after the failed one came, and come again");
}

fn row(user: u32) -> Value {
    json!({"pk": {"S": format!("connection#{user}")}, "user_id": {"S": user.to_string()}, "status": {"S": "active"},
        "refresh_token": {"B": "c2VhbGVk"}, "generation": {"N": "7"}, "updated_at": {"S": "2026-11-22T10:00:00.000Z"}})
}

#[tokio::test]
async fn rows_that_are_garbage_do_not_stand_in_the_way() {
    let world = world().await;
    let garbage = [
        json!({"pk": {"S": "connection#1"}}),
        json!({"pk": {"S": "connection#2"}, "generation": {"S": "many"}, "refresh_token": {"N": "1"}, "email": {"BOOL": true}}),
        json!({"pk": {"S": "connection#"}, "updated_at": {"S": "yesterday"}, "status": {"S": "revoked"}, "status_reason": {"L": []}}),
        json!({"pk": {"S": "connection#3"}, "generation": {"N": "1e30"}, "status": {"S": "revoked"}, "status_reason": {"S": "\u{0}<b>"}}),
        json!({"pk": {"S": format!("connection#{}", "9".repeat(1_000))}, "generation": {"N": "-1"}}),
        json!({"pk": {"S": "token#1"}}),
        json!({"pk": {"S": "something"}}),
    ];
    for item in &garbage {
        world.aws.put_item(TABLE, item).unwrap();
        world.aws.delete_item(TABLE, item["pk"]["S"].as_str().unwrap()).unwrap();
    }
    world.connect(ANNA).await;
    Delivery::start(&world).await.finished().await;
    let anna = told(&world).into_iter().filter(|(_, detail)| detail["user_id"] == sub(ANNA)).count();
    assert_eq!(anna, 1);
}

#[tokio::test]
async fn whatever_is_sent_to_the_function_it_answers_with_no_failure_of_what_it_does_not_know() {
    let world = world().await;
    let function = function(&world).await.unwrap();
    for event in [
        "",
        "null",
        "{",
        "[]",
        "\"\\ud800\"",
        r#"{"Records":null}"#,
        r#"{"Records":[]}"#,
        r#"{"Records":[null]}"#,
        r#"{"Records":[{}]}"#,
        r#"{"Records":[{"dynamodb":{}}]}"#,
        r#"{"Records":[{"dynamodb":{"SequenceNumber":1}}]}"#,
        r#"{"Records":[{"eventID":"1","dynamodb":{"SequenceNumber":"1"}}]}"#,
        r#"{"Records":[{"eventID":"1","dynamodb":{"SequenceNumber":"1","NewImage":{"pk":{"S":"event#1"}}}}]}"#,
        r#"{"Records":[{"eventID":"1","dynamodb":{"SequenceNumber":"1","NewImage":{"pk":"connection#1"}}}]}"#,
    ] {
        let answer = invoke(&function, event, Deadline::after(PATIENCE)).await;
        assert_eq!(answer, r#"{"batchItemFailures":[]}"#, "{event}");
    }
    assert_eq!(world.aws.faults().calls("EventBridge"), 0);
}

/// A record that the function can read behind one that it cannot must not be lost with it.
#[tokio::test]
async fn a_record_that_is_none_does_not_take_its_neighbours_with_it() {
    let world = world().await;
    let function = function(&world).await.unwrap();
    let good = json!({"eventID": "2", "dynamodb": {"SequenceNumber": "2", "NewImage": row(1)}});
    for bad in [
        json!({}),
        json!(null),
        json!({"eventID": 7, "dynamodb": {"SequenceNumber": "1"}}),
        json!({"eventID": "1", "dynamodb": {"SequenceNumber": "1", "NewImage": "none"}}),
    ] {
        let before = events(&world).len();
        let event = json!({"Records": [bad, good]}).to_string();
        let answer = invoke(&function, &event, Deadline::after(PATIENCE)).await;
        assert!(events(&world).len() > before || answer.contains('2'), "{bad}: {answer}");
    }
}

#[tokio::test]
async fn the_function_starts_only_with_the_name_of_a_bus() {
    let world = world().await;
    for bus in [None, Some("")] {
        let error = connection_events::ConnectionEvents::connect(environment(&world, bus)).await.err().unwrap();
        assert!(error.to_string().contains("EVENT_BUS_NAME"), "{error}");
    }
    assert!(connection_events::ConnectionEvents::connect(environment(&world, Some(BUS))).await.is_ok());
}

/// AWS takes events for a bus that is not there, and so they are gone: nothing here can know.
#[tokio::test]
async fn a_bus_that_is_not_there_takes_everything_and_stops_nothing() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let delivery = Delivery::start(&world).await;
    delivery.finished().await;
    assert_eq!(delivery.answers(), [r#"{"batchItemFailures":[]}"#]);
    assert!(events(&world).is_empty());
}
