//! What is stored opens for its owner and its attribute alone.

use aws_sdk_kms::primitives::Blob;
use base64::{Engine, engine::general_purpose::STANDARD};
use local::google::{Effect, Endpoint};
use serde_json::{Value, json};
use tests::world::{ANNA, DAVID, TABLE, World, connection_key, sub};

use super::{connect, fault};

/// A world in which Anna and David are connected.
async fn two_connections() -> World {
    let world = World::start().await;
    world.connect(ANNA).await;
    world.connect(DAVID).await;
    world
}

/// Asserts that Anna's stored connection is of no use to her next attempt, which asks for consent in its place.
async fn assert_does_not_open(world: &World) {
    let visitor = super::program(world).at(&world.another_instance().await);
    let location = world.consent(&visitor.begin("").await, &local::google::Decision::all(ANNA));
    let stored = world.items();
    let answer = visitor.get(&location).await;
    assert_eq!(answer.status(), 303, "{}", answer.body());
    assert!(answer.header("location").unwrap().contains(&format!("login_hint={}&prompt=consent", sub(ANNA))));
    assert_eq!(world.items(), stored);
}

#[tokio::test]
async fn no_token_can_be_read_anywhere_in_the_table() {
    let world = two_connections().await;
    connect(&world, "prompt=consent").await;
    connect(&world, "").await;
    world.assert_nothing_readable("the table", &Value::from(world.items()).to_string());
}

#[tokio::test]
async fn the_data_key_is_bound_to_its_owner_by_the_encryption_context() {
    let world = two_connections().await;
    let kms = aws_sdk_kms::Client::new(&world.aws.sdk_config());
    let wrapped = Blob::new(STANDARD.decode(world.attribute(ANNA, "data_key").unwrap()).unwrap());
    let decrypt = |user_id: String| {
        let request = kms.decrypt().key_id(&world.variables()["TOKEN_KMS_KEY_ID"]).ciphertext_blob(wrapped.clone());
        request.encryption_context("purpose", "gmail-connect").encryption_context("user_id", user_id).send()
    };
    assert_eq!(decrypt(sub(ANNA)).await.unwrap().plaintext.unwrap().as_ref().len(), 32);
    decrypt(sub(DAVID)).await.unwrap_err();
}

#[tokio::test]
async fn every_connection_has_a_data_key_of_its_own() {
    let world = two_connections().await;
    assert_ne!(world.attribute(ANNA, "data_key"), world.attribute(DAVID, "data_key"));
}

#[tokio::test]
async fn tokens_copied_from_another_users_row_do_not_open() {
    let world = two_connections().await;
    let davids = world.connection(DAVID).unwrap();
    world.change_connection(ANNA, |item| {
        for name in ["data_key", "refresh_token", "access_token"] {
            item[name] = davids[name].clone();
        }
    });
    assert_does_not_open(&world).await;
}

#[tokio::test]
async fn another_users_whole_row_under_ones_own_key_does_not_open() {
    let world = two_connections().await;
    let mut copy = world.connection(DAVID).unwrap();
    copy["pk"] = json!({"S": connection_key(ANNA)});
    world.aws.put_item(TABLE, &copy).unwrap();
    assert_does_not_open(&world).await;
}

#[tokio::test]
async fn a_token_moved_to_another_attribute_does_not_open() {
    let world = two_connections().await;
    world.change_connection(ANNA, |item| item["refresh_token"] = item["access_token"].clone());
    assert_does_not_open(&world).await;
}

#[tokio::test]
async fn a_damaged_token_or_data_key_does_not_open() {
    for name in ["refresh_token", "data_key"] {
        let world = two_connections().await;
        world.change_connection(ANNA, |item| {
            let mut bytes = STANDARD.decode(item[name]["B"].as_str().unwrap()).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            item[name] = json!({"B": STANDARD.encode(bytes)});
        });
        assert_does_not_open(&world).await;
    }
}

#[tokio::test]
async fn what_does_not_open_is_replaced_by_a_new_consent() {
    let world = two_connections().await;
    world.change_connection(ANNA, |item| item["refresh_token"] = item["access_token"].clone());
    super::assert_connected(&connect(&world, "prompt=consent").await);
    super::assert_connected(&connect(&world, "").await);
}

#[tokio::test]
async fn where_it_cannot_be_told_whether_it_opens_nothing_is_given_up() {
    let world = two_connections().await;
    let stored = world.connection(ANNA);
    super::break_aws(&world, "KMS");
    fault(&world, Endpoint::Token, 1, Effect::NoRefreshToken);
    let visitor = super::program(&world).at(&world.another_instance().await);
    let location = world.consent(&visitor.begin("").await, &local::google::Decision::all(ANNA));
    super::assert_problem(&visitor.get(&location).await, 503, "unavailable");
    assert_eq!(world.connection(ANNA), stored);
}

#[tokio::test]
async fn no_token_goes_out_in_an_answer() {
    let world = World::start().await;
    let (json, page) = (connect(&world, "").await, world.callback(&world.consented("").await).await);
    assert_eq!((json.status(), page.status()), (200, 200));
    world.assert_nothing_readable("the answers", &format!("{json:?}{page:?}"));
}

#[tokio::test]
async fn another_kms_key_opens_nothing() {
    let world = two_connections().await;
    let key = world.aws.kms().create_key().unwrap();
    let instance = world.instance_with(&[("TOKEN_KMS_KEY_ID", &key)]).await.unwrap();
    let visitor = super::program(&world).at(&instance);
    let location = world.consent(&visitor.begin("").await, &local::google::Decision::all(ANNA));
    assert_ne!(visitor.get(&location).await.status(), 200);
}
