//! Rows that nobody wrote as they are.

use local::aws::{AwsFault, Effect};
use serde_json::json;
use tests::world::{ANNA, DAVID, TABLE, World, connection_key};

use super::*;

const NEEDED: [&str; 8] = [
    "client_id",
    "status",
    "data_key",
    "refresh_token",
    "connected_at",
    "updated_at",
    "generation",
    "sessions_valid_after",
];

fn without(world: &World, name: &str) {
    world.change_connection(ANNA, |item| drop(item.as_object_mut().unwrap().remove(name)));
}

#[tokio::test]
async fn a_row_that_lacks_something_needed_is_told_as_damaged() {
    for name in NEEDED {
        let world = connected().await;
        without(&world, name);
        for told in [status(&world).await, told(&world.visitor.get("/connection").await)] {
            assert_eq!((&told["status"], &told["status_reason"]), (&json!("revoked"), &json!("damaged")), "{name}");
            assert!(told["connected_at"].is_string() && told["updated_at"].is_string(), "{told}");
        }
    }
}

#[tokio::test]
async fn a_row_that_lacks_something_needed_is_deleted_all_the_same() {
    for name in NEEDED {
        let world = connected().await;
        without(&world, name);
        let opens = !["data_key", "refresh_token"].contains(&name);
        let answer = world.instance.send(&ended_by(&world.visitor)).await;
        assert_disconnected(&answer, opens);
        assert_eq!(world.connection(ANNA), None, "{name}");
        assert_eq!(answer.cookie_value(SESSION), Some(""), "{name}");
    }
}

#[tokio::test]
async fn attributes_of_other_types_end_no_function() {
    for name in NEEDED.into_iter().chain(["email", "scopes", "mints", "used_at", "refresh_token_expires_at"]) {
        for value in [json!({ "NULL": true }), json!({ "M": {} }), json!({ "N": "-1" }), json!({ "S": "\u{0}x" })] {
            let world = connected().await;
            // A key of the table's index takes strings only.
            let is_refused = name == "status" && value.get("S").is_none();
            let is_looked_at_below = name == "generation" && value.get("N").is_some();
            if is_refused || is_looked_at_below {
                continue;
            }
            world.change_connection(ANNA, |item| item[name] = value.clone());
            assert_eq!(world.instance.send(&asked(ANNA)).await.status(), 200, "{name} {value}");
            assert_eq!(world.instance.send(&users("")).await.status(), 200, "{name} {value}");
            let answer = world.instance.send(&ended(ANNA)).await;
            assert_eq!((answer.status(), world.connection(ANNA)), (200, None), "{name} {value}");
        }
    }
}

#[tokio::test]
async fn a_generation_that_is_no_generation_stops_neither_the_end_nor_a_new_consent() {
    for number in ["-1", "1.5", "18446744073709551616"] {
        let world = connected().await;
        let damage = || world.change_connection(ANNA, |item| item["generation"] = json!({ "N": number }));
        damage();
        assert_eq!(status(&world).await["status_reason"], "damaged");
        consent_again(&world).await;
        damage();
        assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
        assert_gone(&world, ANNA);
    }
}

#[tokio::test]
async fn a_row_that_says_neither_its_generation_nor_a_refresh_token_can_be_ended() {
    for token in [json!({ "B": "" }), json!({ "S": "text" }), json!({ "NULL": true })] {
        let world = connected().await;
        world.change_connection(ANNA, |item| {
            item["generation"] = json!({ "S": "" });
            item["refresh_token"] = token.clone();
        });
        assert_disconnected(&world.instance.send(&ended(ANNA)).await, false);
        assert!(world.connection(ANNA).is_none(), "{token}");
    }
}

#[tokio::test]
async fn an_access_token_that_cannot_be_read_does_not_stop_the_end() {
    for (name, value) in [
        ("access_token", json!({ "S": "text" })),
        ("access_token_expires_at", json!({ "S": "soon" })),
        ("access_token_expires_at", json!({ "NULL": true })),
    ] {
        let world = connected().await;
        world.change_connection(ANNA, |item| item[name] = value.clone());
        assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
        assert_gone(&world, ANNA);
    }
}

/// The same rows, for whoever lists with them: a refresh puts a whole access token in the place of a half one.
#[tokio::test]
async fn an_access_token_that_cannot_be_read_is_refreshed() {
    for (name, value) in [("access_token", json!({ "S": "text" })), ("access_token_expires_at", json!({ "S": "soon" }))]
    {
        let world = connected().await;
        world.change_connection(ANNA, |item| item[name] = value.clone());
        let time = std::time::Duration::from_secs(5);
        let answer = world.instance.send_within(&messages(ANNA), time).await;
        assert_eq!(answer.status(), 200, "{name}: {}", answer.body());
    }
}

#[tokio::test]
async fn a_token_that_does_not_open_cannot_be_revoked_and_is_deleted() {
    let world = connected().await;
    world.change_connection(ANNA, |item| item["refresh_token"] = item["access_token"].clone());
    let answer = world.instance.send(&ended_by(&world.visitor)).await;
    assert_disconnected(&answer, false);
    assert_eq!(answer.cookie_value(SESSION), Some(""));
    assert_eq!((world.connection(ANNA), world.google.calls(local::google::Endpoint::Revoke)), (None, 0));
}

/// KMS calls an empty ciphertext invalid as a request, not as a ciphertext.
#[tokio::test]
async fn a_row_whose_data_key_kms_does_not_even_look_at_is_deleted() {
    let world = connected().await;
    without(&world, "data_key");
    let invalid = Effect::Error { code: "ValidationException".to_owned() };
    world.aws.faults().fail("KMS.Decrypt", AwsFault::always(invalid));
    let answer = world.another_instance().await.send(&ended(ANNA)).await;
    assert_disconnected(&answer, false);
    assert_eq!(world.connection(ANNA), None);
}

#[tokio::test]
async fn a_row_that_was_copied_to_another_user_ends_nobodys_grant() {
    let world = connected().await;
    let (row, entries) = (world.connection(ANNA).unwrap(), index(&world, ANNA));
    let mut copy = row.clone();
    copy["pk"] = json!({ "S": connection_key(DAVID) });
    world.aws.put_item(TABLE, &copy).unwrap();
    assert_disconnected(&world.another_instance().await.send(&ended(DAVID)).await, false);
    assert_eq!(world.connection(DAVID), None);
    assert_eq!((world.connection(ANNA), index(&world, ANNA)), (Some(row), entries));
    assert!(gives_access(&world, ANNA).await);
}
