//! What is told of a connection.

use std::time::Duration;

use serde_json::{Value, json};
use shared::domain::time::Clock;
use tests::world::{ANNA, READONLY, Settings, sub};

use super::{asked, calls_of, connected, connected_with, status, told, warnings};

const EMAIL_SCOPE: &str = "https://www.googleapis.com/auth/userinfo.email";
const FIELDS: [&str; 9] = [
    "user_id",
    "email",
    "status",
    "status_reason",
    "scopes",
    "connected_at",
    "updated_at",
    "refresh_token_expires_at",
    "warnings",
];

#[tokio::test]
async fn both_routes_tell_every_field_and_nothing_else() {
    let world = connected().await;
    let connected_at = world.clock.now().to_string();
    world.clock.advance(Duration::from_hours(1));
    world.instance.send(&super::messages(ANNA)).await;
    let expected = json!({
        "user_id": sub(ANNA),
        "email": ANNA,
        "status": "active",
        "status_reason": null,
        "scopes": [READONLY, EMAIL_SCOPE, "openid"],
        "connected_at": connected_at,
        "updated_at": world.clock.now().to_string(),
        "refresh_token_expires_at": null,
        "warnings": [],
    });
    assert_eq!(status(&world).await, expected);
    assert_eq!(told(&world.visitor.get("/connection").await), expected);
}

#[tokio::test]
async fn asking_sets_no_cookie_and_shows_no_token() {
    let world = connected().await;
    for answer in [world.visitor.get("/connection").await, world.instance.send(&asked(ANNA)).await] {
        assert_eq!((answer.status(), answer.cookies().count()), (200, 0));
        world.assert_nothing_readable("the answer", &answer.body());
        let told = answer.json().unwrap();
        let names: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, FIELDS);
    }
}

#[tokio::test]
async fn a_navigation_gets_the_json_too() {
    let world = connected().await;
    let visitor = world.visitor.duplicate().accepting(tests::world::NAVIGATION);
    assert_eq!(told(&visitor.get("/connection").await), status(&world).await);
}

#[tokio::test]
async fn a_revoked_connection_is_told_with_its_reason() {
    let world = connected().await;
    world.google.revoke(&sub(ANNA));
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(world.instance.send(&super::messages(ANNA)).await.status(), 401);
    for told in [status(&world).await, told(&world.visitor.get("/connection").await)] {
        assert_eq!((&told["status"], &told["status_reason"]), (&json!("revoked"), &json!("invalid_grant")));
        assert_eq!(told["updated_at"], json!(world.clock.now().to_string()));
        assert_eq!(told["warnings"], json!([]));
    }
}

#[tokio::test]
async fn an_account_without_an_address_has_none() {
    let world = connected().await;
    world.change_connection(ANNA, |item| drop(item.as_object_mut().unwrap().remove("email")));
    let told = status(&world).await;
    assert_eq!(told.get("email"), Some(&Value::Null));
}

#[tokio::test]
async fn the_end_that_google_set_is_told() {
    let world = connected_with(Settings { testing: true, ..Settings::default() }).await;
    let end = world.clock.now().after(Duration::from_secs(7 * 24 * 3600 - 1));
    assert_eq!(status(&world).await["refresh_token_expires_at"], json!(end.to_string()));
}

#[tokio::test]
async fn an_access_whose_time_is_over_reads_as_expired_and_nothing_is_written() {
    let world = connected_with(Settings { testing: true, ..Settings::default() }).await;
    let row = world.connection(ANNA);
    world.clock.advance(Duration::from_secs(7 * 24 * 3600 - 2));
    assert_eq!(status(&world).await["status"], "active");
    world.clock.advance(Duration::from_secs(1));
    let told = status(&world).await;
    assert_eq!((&told["status"], &told["status_reason"]), (&json!("revoked"), &json!("expired")));
    assert_eq!(world.connection(ANNA), row);
}

#[tokio::test]
async fn asking_is_one_read_of_the_table_and_no_call_of_kms_or_google() {
    let world = connected().await;
    let cold = world.another_instance().await;
    let visitor = world.visitor.duplicate().at(&cold);
    let one_read = std::collections::BTreeMap::from([("DynamoDB", 1), ("DynamoDB.GetItem", 1)]);
    let calls = calls_of(&world, async { drop(told(&cold.send(&asked(ANNA)).await)) }).await;
    assert_eq!(calls, one_read);
    let calls = calls_of(&world, async { drop(told(&visitor.get("/connection").await)) }).await;
    assert_eq!(calls, one_read);
    // Also where the access token is over, or the access is.
    world.clock.advance(Duration::from_mins(61));
    warnings(&world).await;
    let calls = calls_of(&world, async { drop(told(&world.instance.send(&asked(ANNA)).await)) }).await;
    assert_eq!(calls, one_read);
}
