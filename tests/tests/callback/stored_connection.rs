//! A refresh token came: the new connection, item by item.

use std::time::Duration;

use local::google::{Decision, Endpoint};
use serde_json::{Value, json};
use shared::domain::time::Clock;
use tests::world::{ANNA, CLIENT_ID, DAVID, READONLY, Settings, World, connection_key, sub};

use super::{assert_connected, attempt, connect};

fn generation(world: &World) -> u64 {
    world.attribute(ANNA, "generation").unwrap().parse().unwrap()
}

/// The index entries that lead to an account.
fn index(world: &World, email: &str) -> Vec<Value> {
    let leads =
        |item: &Value| item["pk"]["S"].as_str().unwrap().starts_with("token#") && item["user_id"]["S"] == sub(email);
    world.items().into_iter().filter(leads).collect()
}

#[tokio::test]
async fn the_connection_is_stored_with_the_documented_attributes() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let item = world.connection(ANNA).unwrap();
    let now = json!({"S": world.clock.now().to_string()});
    let end = json!({"S": world.clock.now().after(Duration::from_secs(3599)).to_string()});
    let mut scopes: Vec<_> = item["scopes"]["SS"].as_array().unwrap().clone();
    scopes.sort_by_key(Value::to_string);
    assert_eq!(scopes, [READONLY, "https://www.googleapis.com/auth/userinfo.email", "openid"]);
    for (name, value) in [
        ("pk", json!({"S": connection_key(ANNA)})),
        ("user_id", json!({"S": sub(ANNA)})),
        ("email", json!({"S": ANNA})),
        ("client_id", json!({"S": CLIENT_ID})),
        ("status", json!({"S": "active"})),
        ("access_token_expires_at", end),
        ("connected_at", now.clone()),
        ("updated_at", now.clone()),
        ("sessions_valid_after", now),
    ] {
        assert_eq!(item[name], value, "{name}");
    }
    for name in ["data_key", "refresh_token", "access_token"] {
        assert!(item[name]["B"].as_str().is_some_and(|value| value.len() > 40), "{name}");
    }
    assert!(item["generation"]["N"].is_string());
    let absent = ["status_reason", "refresh_token_expires_at", "lease_owner", "lease_expires_at", "expires_at"];
    assert!(absent.iter().all(|name| item.get(*name).is_none()), "{item}");
}

#[tokio::test]
async fn the_end_of_a_refresh_token_is_stored_where_google_sets_one() {
    let world = Settings { testing: true, ..Settings::default() }.start().await;
    world.connect(ANNA).await;
    let end = world.clock.now().after(Duration::from_secs(7 * 24 * 3600 - 1));
    assert_eq!(world.attribute(ANNA, "refresh_token_expires_at"), Some(end.to_string()));
}

#[tokio::test]
async fn two_index_entries_lead_from_the_refresh_token_to_the_user() {
    let world = World::start().await;
    world.connect(ANNA).await;
    assert_eq!(index(&world, ANNA).len(), 2);
}

#[tokio::test]
async fn a_new_refresh_token_replaces_the_connection_with_a_higher_generation() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let (before, old, old_index) = (generation(&world), world.connection(ANNA).unwrap(), index(&world, ANNA));
    world.clock.advance(Duration::from_mins(1));
    assert_connected(&connect(&world, "prompt=consent").await);
    let new = world.connection(ANNA).unwrap();
    assert!(generation(&world) > before);
    for name in ["data_key", "refresh_token", "access_token", "updated_at"] {
        assert_ne!(new[name], old[name], "{name}");
    }
    assert_eq!(new["connected_at"], old["connected_at"]);
    let new_index = index(&world, ANNA);
    assert_eq!(new_index.len(), 2, "the old token's entries are gone");
    assert!(new_index.iter().all(|entry| !old_index.contains(entry)));
}

/// What is asked of AWS while somebody waits, on an instance that has the key of the index.
#[tokio::test]
async fn a_connection_is_stored_with_one_read_one_data_key_and_one_transaction_also_in_place_of_another() {
    let world = World::start().await;
    world.connect(DAVID).await;
    let operations =
        ["DynamoDB", "DynamoDB.GetItem", "DynamoDB.TransactWriteItems", "KMS", "KMS.GenerateDataKey", "SecretsManager"];
    let calls = || operations.map(|operation| world.aws.faults().calls(operation));
    for _ in 0..2 {
        let before = calls();
        assert_connected(&connect(&world, "prompt=consent").await);
        let after = calls();
        let made: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        assert_eq!(made, [2, 1, 1, 1, 1, 0]);
        world.clock.advance(Duration::from_mins(1));
    }
}

#[tokio::test]
async fn the_old_entries_go_also_where_the_connection_does_not_say_which_they_are() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let old_index = index(&world, ANNA);
    world.change_connection(ANNA, |item| drop(item.as_object_mut().unwrap().remove("token_index")));
    assert_connected(&connect(&world, "prompt=consent").await);
    let new_index = index(&world, ANNA);
    assert_eq!(new_index.len(), 2);
    assert!(new_index.iter().all(|entry| !old_index.contains(entry)));
    assert_eq!(world.connection(ANNA).unwrap()["token_index"]["BS"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_sign_in_keeps_the_index() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let (kept, entries) = (world.connection(ANNA).unwrap()["token_index"].clone(), index(&world, ANNA));
    assert!(kept["BS"].is_array());
    world.clock.advance(Duration::from_mins(1));
    assert_connected(&connect(&world, "").await);
    let item = world.connection(ANNA).unwrap();
    assert_eq!(
        (&item["token_index"], item["updated_at"]["S"].as_str()),
        (&kept, Some(&*world.clock.now().to_string()))
    );
    assert_eq!(index(&world, ANNA), entries);
}

#[tokio::test]
async fn a_revoked_connection_becomes_active_with_a_higher_generation() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let before = generation(&world);
    world.change_connection(ANNA, |item| {
        item["status"] = json!({"S": "revoked"});
        item["status_reason"] = json!({"S": "invalid_grant"});
    });
    assert_connected(&connect(&world, "prompt=consent").await);
    assert_eq!(world.attribute(ANNA, "status").as_deref(), Some("active"));
    assert_eq!(world.attribute(ANNA, "status_reason"), None);
    assert!(generation(&world) > before);
}

#[tokio::test]
async fn a_generation_does_not_go_back_over_a_deletion() {
    let world = World::start().await;
    world.connect(ANNA).await;
    connect(&world, "prompt=consent").await;
    let before = generation(&world);
    world.clock.advance(Duration::from_secs(1));
    world.aws.delete_item(tests::world::TABLE, &connection_key(ANNA)).unwrap();
    assert_connected(&connect(&world, "prompt=consent").await);
    assert!(generation(&world) > before);
}

#[tokio::test]
async fn each_account_has_a_connection_of_its_own() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let annas = world.connection(ANNA);
    world.connect(DAVID).await;
    assert_eq!(world.connection(ANNA), annas);
    assert_eq!(world.attribute(DAVID, "user_id"), Some(sub(DAVID)));
}

#[tokio::test]
async fn two_callbacks_of_one_user_at_once_leave_one_whole_connection() {
    let world = World::start().await;
    let all = Decision::all(ANNA);
    let (first, second) =
        futures_util::join!(attempt(&world, "prompt=consent", &all), attempt(&world, "prompt=consent", &all));
    assert_connected(&first);
    assert_connected(&second);
    assert_eq!(world.google.calls(Endpoint::Token), 2);
    assert_connected(&connect(&world, "").await);
}

#[tokio::test]
async fn a_connection_of_another_client_is_replaced() {
    let world = World::start().await;
    world.connect(ANNA).await;
    world.change_connection(ANNA, |item| item["client_id"] = json!({"S": tests::world::OTHER_CLIENT_ID}));
    assert_connected(&connect(&world, "prompt=consent").await);
    assert_eq!(world.attribute(ANNA, "client_id").as_deref(), Some(CLIENT_ID));
}

#[tokio::test]
async fn a_damaged_connection_is_replaced() {
    for name in ["data_key", "refresh_token", "generation", "status", "connected_at"] {
        let world = World::start().await;
        world.connect(ANNA).await;
        let before = generation(&world);
        world.clock.advance(Duration::from_millis(1));
        world.change_connection(ANNA, |item| drop(item.as_object_mut().unwrap().remove(name)));
        let answer = connect(&world, "prompt=consent").await;
        assert_eq!(answer.status(), 200, "without {name}: {}", answer.body());
        assert!(generation(&world) > before, "without {name}");
    }
}

#[tokio::test]
async fn instances_that_start_at_once_agree_on_the_keys_of_the_index() {
    let world = World::start().await;
    let instances = [world.another_instance().await, world.another_instance().await];
    let connect_at = async |instance, email| {
        let visitor = super::program(&world).at(instance);
        let location = world.consent(&visitor.begin("prompt=consent").await, &Decision::all(email));
        assert_connected(&visitor.get(&location).await);
    };
    futures_util::join!(connect_at(&instances[0], ANNA), connect_at(&instances[1], DAVID));
    connect_at(&instances[1], ANNA).await;
    connect_at(&instances[0], DAVID).await;
    assert_eq!((index(&world, ANNA).len(), index(&world, DAVID).len()), (2, 2), "each removed the other's entries");
}

#[tokio::test]
async fn a_write_whose_answers_are_all_lost_leaves_one_whole_connection() {
    use local::aws::{AwsFault, Effect};
    let world = World::start().await;
    world.aws.faults().fail("DynamoDB.TransactWriteItems", AwsFault::times(3, Effect::LoseAnswer));
    assert_connected(&connect(&world, "").await);
    assert_eq!((world.random.waits(), index(&world, ANNA).len()), (1, 2));
    assert_connected(&connect(&world, "").await);
}
