//! No refresh token came: the stored connection is kept, or consent is asked for.

use std::time::Duration;

use local::google::{Decision, Effect, Endpoint};
use serde_json::{Value, json};
use tests::{
    answer::Answer,
    world::{ANNA, OTHER_CLIENT_ID, READONLY, Settings, TABLE, World, connection_key, sub},
};

use super::{assert_connected, assert_problem, connect, fault, program};

/// Where consent is asked for.
fn consent_path() -> String {
    format!("/authorize?login_hint={}&prompt=consent", sub(ANNA))
}

#[track_caller]
fn assert_asks_for_consent(answer: &Answer) {
    assert_eq!(answer.status(), 303, "{}", answer.body());
    assert_eq!(answer.header("location"), Some(consent_path().as_str()));
    assert_eq!(answer.cookie_value(super::SESSION), None);
}

/// A world in which Google knows Anna's consent, so that no refresh token comes without asking.
async fn consented() -> World {
    let world = World::start().await;
    world.connect(ANNA).await;
    world
}

#[tokio::test]
async fn a_usable_connection_is_kept_and_its_access_token_renewed() {
    let world = consented().await;
    let before = world.connection(ANNA).unwrap();
    world.clock.advance(Duration::from_secs(100));
    let answer = connect(&world, "").await;
    assert_connected(&answer);
    let after = world.connection(ANNA).unwrap();
    for name in ["data_key", "refresh_token", "generation", "connected_at", "status", "sessions_valid_after"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    for name in ["access_token", "access_token_expires_at", "updated_at", "used_at"] {
        assert_ne!(after[name], before[name], "{name}");
    }
    assert_eq!(answer.json().unwrap()["connected_at"], before["connected_at"]["S"]);
}

#[tokio::test]
async fn what_the_new_consent_says_of_the_account_replaces_what_was_stored() {
    let world = consented().await;
    let consented = world.connection(ANNA).unwrap();
    world.change_connection(ANNA, |item| {
        item["email"] = json!({"S": "anna@before.example.com"});
        item["scopes"]["SS"].as_array_mut().unwrap().push(json!("https://www.googleapis.com/auth/gmail.send"));
        item["lease_owner"] = json!({"S": "an instance that died"});
        item["lease_expires_at"] = json!({"S": "2999-01-01T00:00:00Z"});
    });
    assert_connected(&connect(&world, "").await);
    let after = world.connection(ANNA).unwrap();
    assert_eq!(after["email"], consented["email"]);
    let sorted = |item: &Value| {
        let mut scopes = item["scopes"]["SS"].as_array().unwrap().clone();
        scopes.sort_by_key(ToString::to_string);
        scopes
    };
    assert_eq!(sorted(&after), sorted(&consented));
    assert!(after.get("lease_owner").is_none() && after.get("lease_expires_at").is_none());
}

#[tokio::test]
async fn with_nothing_stored_consent_is_asked_for_and_then_it_works() {
    let world = consented().await;
    world.aws.delete_item(TABLE, &connection_key(ANNA)).unwrap();
    let visitor = program(&world);
    let location = world.consent(&visitor.begin("").await, &Decision::all(ANNA));
    assert_asks_for_consent(&visitor.get(&location).await);
    let at_google = visitor.get(&consent_path()).await;
    assert_eq!(at_google.status(), 302);
    let location = world.consent(at_google.header("location").unwrap(), &Decision::all(ANNA));
    assert_connected(&visitor.get(&location).await);
    assert!(world.connection(ANNA).is_some());
}

#[tokio::test]
async fn the_way_over_consent_keeps_return_to_and_state() {
    let world = consented().await;
    world.aws.delete_item(TABLE, &connection_key(ANNA)).unwrap();
    let visitor = program(&world);
    let url = visitor.begin("return_to=%2Fmessages%3Fq%3Da%2526b&state=a%26b%20c").await;
    let answer = visitor.get(&world.consent(&url, &Decision::all(ANNA))).await;
    let expected = format!("{}&return_to=%2Fmessages%3Fq%3Da%2526b&state=a%26b+c", consent_path());
    assert_eq!((answer.status(), answer.header("location")), (303, Some(expected.as_str())));
    let at_google = visitor.get(&expected).await;
    let back = visitor.get(&world.consent(at_google.header("location").unwrap(), &Decision::all(ANNA))).await;
    assert_eq!((back.status(), back.header("location")), (303, Some("/messages?q=a%26b&state=a%26b+c")));
}

#[tokio::test]
async fn where_consent_was_forced_already_there_is_no_refresh_token() {
    let world = World::start().await;
    for query in ["prompt=consent", "prompt=consent%20select_account"] {
        fault(&world, Endpoint::Token, 1, Effect::NoRefreshToken);
        assert_problem(&connect(&world, query).await, 502, "no_refresh_token");
    }
    fault(&world, Endpoint::Token, 1, Effect::NoRefreshToken);
    assert_asks_for_consent(&connect(&world, "prompt=select_account").await);
}

#[tokio::test]
async fn a_revoked_connection_is_not_usable() {
    let world = consented().await;
    world.change_connection(ANNA, |item| item["status"] = json!({"S": "revoked"}));
    let stored = world.items();
    assert_asks_for_consent(&connect(&world, "").await);
    assert_eq!(world.items(), stored);
}

#[tokio::test]
async fn a_connection_of_another_client_is_not_usable() {
    let world = consented().await;
    world.change_connection(ANNA, |item| item["client_id"] = json!({"S": OTHER_CLIENT_ID}));
    assert_asks_for_consent(&connect(&world, "").await);
}

#[tokio::test]
async fn a_connection_that_lacks_a_scope_is_not_usable() {
    let world = consented().await;
    world.change_connection(ANNA, |item| item["scopes"] = json!({"SS": ["openid", "email"]}));
    assert_asks_for_consent(&connect(&world, "").await);
    world.change_connection(ANNA, |item| item["scopes"] = json!({"SS": ["openid", "email", READONLY]}));
    assert_connected(&connect(&world, "").await);
}

#[tokio::test]
async fn an_expired_refresh_token_is_not_usable_by_the_clock_not_by_absence() {
    let world = Settings { testing: true, ..Settings::default() }.start().await;
    world.connect(ANNA).await;
    world.clock.advance(Duration::from_secs(7 * 24 * 3600 - 2));
    assert_connected(&connect(&world, "").await);
    world.clock.advance(Duration::from_secs(1));
    assert!(world.connection(ANNA).is_some());
    assert_asks_for_consent(&connect(&world, "").await);
}

#[tokio::test]
async fn after_the_user_removed_our_access_consent_brings_a_refresh_token_again() {
    let world = consented().await;
    let generation = world.attribute(ANNA, "generation");
    world.google.revoke(&sub(ANNA));
    assert_connected(&connect(&world, "").await);
    assert_ne!(world.attribute(ANNA, "generation"), generation);
}

#[tokio::test]
async fn a_connection_that_is_revoked_meanwhile_is_not_brought_back() {
    let world = consented().await;
    let mut gate = world.aws.faults().hold("DynamoDB.TransactWriteItems");
    let revoke = async {
        gate.reached().await;
        world.change_connection(ANNA, |item| {
            item["status"] = json!({"S": "revoked"});
            let next = item["generation"]["N"].as_str().unwrap().parse::<u64>().unwrap() + 1;
            item["generation"] = json!({"N": next.to_string()});
        });
        gate.release();
    };
    let (answer, ()) = futures_util::join!(connect(&world, ""), revoke);
    assert_asks_for_consent(&answer);
    assert_eq!(world.attribute(ANNA, "status").as_deref(), Some("revoked"));
}
