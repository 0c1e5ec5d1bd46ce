//! What becomes of requests while a role lacks something: nothing happens, the caller is asked to come back, the log
//! names what is missing, and the same request works once it is given.

use std::time::Duration;

use futures_util::FutureExt;
use tests::PATIENCE;

use super::*;

type Denied = (&'static str, Resource);

const CLIENT_SECRET: Denied = ("secretsmanager:GetSecretValue", Resource::ClientSecret);
const COOKIE_KEY: Denied = ("secretsmanager:GetSecretValue", Resource::CookieKey);
const BATCH: Denied = ("secretsmanager:BatchGetSecretValue", Resource::AnythingInRegion);
const GET: Denied = ("dynamodb:GetItem", Resource::Table);
const PUT: Denied = ("dynamodb:PutItem", Resource::Table);
const UPDATE: Denied = ("dynamodb:UpdateItem", Resource::Table);
const DELETE: Denied = ("dynamodb:DeleteItem", Resource::Table);
const WRAP: Denied = ("kms:GenerateDataKey", Resource::DataKeys);
const UNWRAP: Denied = ("kms:Decrypt", Resource::DataKeys);
const TABLE_KEY: Denied = ("kms:Decrypt", Resource::TableKey);

fn withhold(world: &World, function: &'static str, (action, resource): Denied) {
    world.aws.roles().withhold(function, action, resource);
}

#[track_caller]
fn assert_unavailable(answer: &Answer, what: &impl std::fmt::Debug) {
    let problem = answer.json().unwrap_or_else(|_| panic!("{what:?}: {}", answer.body()));
    assert_eq!((answer.status(), &problem["code"]), (503, &json!("unavailable")), "{what:?}: {problem}");
    for word in ["AccessDenied", "arn:", "gmail-connect/", "dynamodb", "kms", "secretsmanager"] {
        assert!(!answer.body().contains(word), "{what:?}: {problem}");
    }
}

/// What is stored, in the order of its keys.
fn stored(world: &World) -> Vec<Value> {
    let mut items = world.items();
    items.sort_by_key(|item| item["pk"]["S"].to_string());
    items
}

#[tokio::test]
async fn a_secret_that_may_not_be_read_makes_a_function_unavailable_until_it_may() {
    let callback = Event::get("/callback").header("accept", "application/json");
    let (status, event) = (connection(Event::get, ANNA), Event::get("/authorize-url"));
    for (function, denied, event, at_last) in [
        ("authorize-url", CLIENT_SECRET, &event, 200),
        ("authorize-url", COOKIE_KEY, &event, 200),
        ("callback", CLIENT_SECRET, &callback, 400),
        ("callback", COOKIE_KEY, &callback, 400),
        ("list-messages", CLIENT_SECRET, &list(ANNA), 404),
        ("list-messages", COOKIE_KEY, &list(ANNA), 404),
        ("connection", CLIENT_SECRET, &status, 404),
        ("connection", COOKIE_KEY, &status, 404),
    ] {
        let world = World::start().await;
        withhold(&world, function, denied);
        let instance = world.another_instance().await;
        assert_unavailable(&instance.send(event).await, &(function, denied));
        world.aws.roles().restore();
        assert_eq!(instance.send(event).await.status(), at_last, "{function} {denied:?}");
    }
}

#[tokio::test]
async fn where_the_batch_may_not_be_read_each_secret_is_read_on_its_own() {
    let world = World::start().await;
    for function in ["authorize-url", "callback", "list-messages", "connection"] {
        withhold(&world, function, BATCH);
    }
    let instance = world.another_instance().await;
    assert_eq!(connect_at(&world, &instance, ANNA, "").await.status(), 200);
    for event in [list(ANNA), connection(Event::get, ANNA)] {
        assert_eq!(instance.send(&event).await.status(), 200, "{event:?}");
    }
}

#[tokio::test]
async fn a_callback_that_may_not_do_its_part_connects_nobody_and_works_once_it_may() {
    for denied in [GET, PUT, UPDATE, WRAP, TABLE_KEY] {
        let world = World::start().await;
        withhold(&world, "callback", denied);
        assert_unavailable(&connect_at(&world, &world.instance, ANNA, "").await, &denied);
        assert_eq!(world.connection(ANNA), None, "{denied:?}");
        world.aws.roles().restore();
        assert_eq!(connect_at(&world, &world.instance, ANNA, "prompt=consent").await.status(), 200, "{denied:?}");
    }
}

#[tokio::test]
async fn a_callback_that_may_not_replace_a_connection_leaves_it_as_it_is() {
    for denied in [GET, PUT, DELETE, UNWRAP, TABLE_KEY] {
        let world = World::start().await;
        world.connect(ANNA).await;
        let before = stored(&world);
        world.clock.advance(Duration::from_mins(1));
        let instance = world.another_instance().await;
        withhold(&world, "callback", denied);
        assert_unavailable(&connect_at(&world, &instance, ANNA, "prompt=consent").await, &denied);
        assert_eq!(stored(&world), before, "{denied:?}");
        world.aws.roles().restore();
        assert_eq!(connect_at(&world, &instance, ANNA, "prompt=consent").await.status(), 200, "{denied:?}");
    }
}

#[tokio::test]
async fn a_listing_that_may_not_use_the_connection_is_unavailable_and_harms_nothing() {
    for denied in [GET, UPDATE, UNWRAP, TABLE_KEY] {
        let world = World::start().await;
        world.connect(ANNA).await;
        world.clock.advance(Duration::from_hours(2));
        let (before, instance) = (stored(&world), world.another_instance().await);
        withhold(&world, "list-messages", denied);
        assert_unavailable(&instance.send(&list(ANNA)).await, &denied);
        assert_eq!(stored(&world), before, "{denied:?}");
        world.aws.roles().restore();
        assert_eq!(instance.send(&list(ANNA)).await.status(), 200, "{denied:?}");
    }
}

#[tokio::test]
async fn a_disconnection_that_may_not_do_its_part_is_repeated_when_it_may() {
    for denied in [GET, UPDATE, DELETE, UNWRAP, TABLE_KEY] {
        let world = World::start().await;
        world.connect(ANNA).await;
        let instance = world.another_instance().await;
        withhold(&world, "connection", denied);
        assert_unavailable(&instance.send(&connection(Event::delete, ANNA)).await, &denied);
        world.aws.roles().restore();
        let answer = instance.send(&connection(Event::delete, ANNA)).await;
        assert_eq!(answer.status(), 200, "{denied:?}: {}", answer.body());
        assert_eq!(world.connection(ANNA), None, "{denied:?}");
    }
}

#[tokio::test]
async fn a_list_of_users_that_may_not_be_read_is_unavailable() {
    for denied in [("dynamodb:Query", Resource::UsersByStatus), TABLE_KEY] {
        let world = World::start().await;
        withhold(&world, "connection", denied);
        assert_unavailable(&world.instance.send(&Event::get("/users").iam()).await, &denied);
        world.aws.roles().restore();
        assert_eq!(world.instance.send(&Event::get("/users").iam()).await.status(), 200, "{denied:?}");
    }
}

#[tokio::test]
async fn a_security_event_that_may_not_be_acted_on_is_put_off_until_google_sends_it_again() {
    for denied in [CLIENT_SECRET, GET, PUT, UPDATE, UNWRAP, TABLE_KEY] {
        let world = World::start().await;
        world.connect(ANNA).await;
        withhold(&world, "security-events", denied);
        let instance = world.another_instance().await;
        let event = post(&saying(&world, "oauth", "token-revoked", &about_newest_token(&world)));
        assert_unavailable(&instance.send(&event).await, &denied);
        world.aws.roles().restore();
        assert_eq!(instance.send(&event).await.status(), 202, "{denied:?}");
        assert_eq!(world.attribute(ANNA, "status").as_deref(), Some("revoked"), "{denied:?}");
    }
}

#[tokio::test]
async fn events_that_may_not_be_put_on_the_bus_arrive_once_they_may() {
    for denied in [("events:PutEvents", Resource::Bus), ("dynamodb:GetRecords", Resource::Stream), TABLE_KEY] {
        let (world, source) = world().await;
        withhold(&world, "connection-events", denied);
        world.connect(ANNA).await;
        tokio::time::timeout(PATIENCE, world.aws.roles().next_denial()).await.unwrap();
        assert_eq!(source.drained().now_or_never(), None, "{denied:?}");
        assert_eq!(world.aws.event_bus().events(BUS), [], "{denied:?}");
        world.aws.roles().restore();
        tokio::time::timeout(PATIENCE, source.drained()).await.unwrap();
        assert_eq!(world.aws.event_bus().events(BUS).len(), 1, "{denied:?}");
    }
}

#[tokio::test]
async fn the_log_names_the_service_or_the_secret_that_is_closed() {
    let world = World::start().await;
    world.connect(ANNA).await;
    for (denied, named) in [
        (CLIENT_SECRET, "secret gmail-connect/client-secret cannot be read"),
        (COOKIE_KEY, "secret gmail-connect/cookie-key cannot be read"),
        (GET, "DynamoDB"),
        (UNWRAP, "KMS"),
        (TABLE_KEY, "DynamoDB"),
    ] {
        withhold(&world, "list-messages", denied);
        let process = world.process("list-messages", &[]).await;
        assert_unavailable(&process.ask(&list(ANNA)).await, &denied);
        let named = format!("{named}: AccessDeniedException");
        assert!(process.prints(&named, PATIENCE).await, "{named} in {}", process.output());
        world.aws.roles().restore();
    }
}
