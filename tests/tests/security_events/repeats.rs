//! Events that come more than once: each has its effect once.

use std::time::Duration;

use super::*;

const REMEMBERED_FOR: Duration = Duration::from_secs(SECONDS);
const SECONDS: u64 = 30 * 86_400;

/// A token that ends Anna's access and does not say when, so that nothing but its `jti` tells it from a new one.
fn timeless(world: &World) -> String {
    world.google.security_event(&with(ending(world), "iat", Value::Null))
}

/// Anna consents again, after Google ended what she had given.
async fn connect_again(world: &World) {
    world.google.revoke(&sub(ANNA));
    world.clock.advance(Duration::from_mins(1));
    world.connect(ANNA).await;
    assert_status(world, "active", None);
}

#[tokio::test]
async fn a_repeat_is_taken_and_does_nothing_on_any_instance() {
    let world = connected().await;
    let set = timeless(&world);
    assert_taken(&deliver(&world, &set).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
    connect_again(&world).await;
    let before = world.items();
    assert_taken(&deliver(&world, &set).await);
    assert_taken(&deliver_to(&*world.another_instance().await, &set).await);
    assert_eq!(world.items(), before);
}

#[tokio::test]
async fn another_event_about_the_same_is_none_that_was_seen() {
    let world = connected().await;
    assert_taken(&deliver(&world, &timeless(&world)).await);
    connect_again(&world).await;
    assert_taken(&deliver(&world, &timeless(&world)).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn it_is_the_jti_that_tells_a_repeat() {
    let world = connected().await;
    let claims = claims(&world, &one("risc", "account-enabled", &about(ANNA)));
    assert_taken(&deliver(&world, &world.google.security_event(&claims)).await);
    let other = with(claims, "events", one("oauth", "tokens-revoked", &about(ANNA)));
    assert_taken(&deliver(&world, &world.google.security_event(&other)).await);
    assert_status(&world, "active", None);
}

#[tokio::test]
async fn an_event_is_remembered_for_thirty_days_by_the_clock_and_not_by_what_is_still_stored() {
    let world = connected().await;
    let claims = with(ending(&world), "iat", Value::Null);
    let set = world.google.security_event(&claims);
    let begun = world.clock.now();
    assert_taken(&deliver(&world, &set).await);
    let key = format!("event#{}", claims["jti"].as_str().unwrap());
    let item = world.aws.item(tests::world::TABLE, &key).unwrap().unwrap();
    let until = begun.after(REMEMBERED_FOR).unix_seconds();
    assert_eq!(item, json!({ "pk": { "S": key }, "expires_at": { "N": until.to_string() } }));
    connect_again(&world).await;
    world.clock.set(begun.after(Duration::from_secs(SECONDS - 1)));
    assert_taken(&deliver(&world, &set).await);
    assert_status(&world, "active", None);
    world.clock.set(begun.after(REMEMBERED_FOR));
    assert!(world.aws.item(tests::world::TABLE, &key).unwrap().is_some(), "DynamoDB has not deleted it yet");
    assert_taken(&deliver(&world, &set).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn an_event_that_dynamodb_deleted_early_is_acted_on_again() {
    let world = connected().await;
    let claims = with(ending(&world), "iat", Value::Null);
    let set = world.google.security_event(&claims);
    assert_taken(&deliver(&world, &set).await);
    connect_again(&world).await;
    let key = format!("event#{}", claims["jti"].as_str().unwrap());
    world.aws.delete_item(tests::world::TABLE, &key).unwrap();
    assert_taken(&deliver(&world, &set).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn a_token_that_was_refused_is_not_remembered() {
    let world = connected().await;
    let claims = ending(&world);
    let foreign = with(claims.clone(), "aud", json!("somebody-else"));
    assert_refused(&deliver(&world, &world.google.security_event(&foreign)).await, "invalid_audience");
    assert_eq!(seen(&world).len(), 0);
    assert_taken(&deliver(&world, &world.google.security_event(&claims)).await);
    assert_status(&world, "revoked", Some("tokens_revoked"));
}

#[tokio::test]
async fn two_deliveries_at_once_have_one_effect() {
    let world = connected().await;
    let generation = |world: &World| world.attribute(ANNA, "generation").unwrap().parse::<u64>().unwrap();
    let (set, other, before) = (end(&world), world.another_instance().await, generation(&world));
    let (one, two) = tokio::join!(deliver(&world, &set), deliver_to(&other, &set));
    assert_taken(&one);
    assert_taken(&two);
    assert_status(&world, "revoked", Some("tokens_revoked"));
    assert_eq!(generation(&world), before + 1);
}
