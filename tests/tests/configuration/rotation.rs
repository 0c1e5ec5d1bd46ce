//! The cookie key changes while browsers are under way.

use std::time::Duration;

use local::google::Decision;
use tests::world::{ANNA, COOKIE_KEY_SECRET_ID, World};

fn rotate(world: &World, key: &str) {
    world.aws.secrets().put(COOKIE_KEY_SECRET_ID, &key.repeat(40)).unwrap();
}

#[tokio::test]
async fn what_the_previous_key_sealed_still_opens() {
    let world = World::start().await;
    let location = world.consented("").await;
    rotate(&world, "b");
    let visitor = world.visitor.duplicate().at(&world.another_instance().await);
    assert_eq!(visitor.get(&location).await.status(), 200);
}

#[tokio::test]
async fn what_the_key_before_the_previous_one_sealed_does_not_open() {
    let world = World::start().await;
    let location = world.consented("").await;
    rotate(&world, "b");
    rotate(&world, "c");
    let visitor = world.visitor.duplicate().at(&world.another_instance().await);
    assert_eq!(visitor.get(&location).await.status(), 400);
    assert_eq!(world.google_calls(), 0);
}

#[tokio::test]
async fn new_cookies_are_sealed_with_the_new_key() {
    let world = World::start().await;
    rotate(&world, "b");
    let rotated = world.another_instance().await;
    let visitor = world.visitor().at(&rotated);
    let location = world.consent(&visitor.begin("").await, &Decision::all(ANNA));
    rotate(&world, "c");
    let visitor = visitor.at(&world.another_instance().await);
    assert_eq!(visitor.get(&location).await.status(), 200);
}

#[tokio::test]
async fn a_warm_instance_takes_up_the_new_key_after_five_minutes() {
    let world = World::start().await;
    rotate(&world, "b");
    world.clock.advance(Duration::from_mins(5));
    world.callback("/callback").await;
    let visitor = world.visitor().at(&world.another_instance().await);
    let location = world.consent(&visitor.begin("").await, &Decision::all(ANNA));
    assert_eq!(visitor.at(&world.instance).get(&location).await.status(), 200);
}

#[tokio::test]
async fn a_previous_key_that_is_too_short_opens_nothing_and_harms_nothing() {
    let world = World::start().await;
    world.aws.secrets().put(COOKIE_KEY_SECRET_ID, "short").unwrap();
    rotate(&world, "b");
    let visitor = world.visitor().at(&world.another_instance().await);
    assert_eq!(visitor.authorize("").await.status(), 200);
}

#[tokio::test]
async fn a_previous_key_that_cannot_be_read_harms_nothing() {
    use local::aws::{AwsFault, Effect};
    let world = World::start().await;
    world.aws.faults().fail("SecretsManager.GetSecretValue", AwsFault::always(Effect::Status(500)));
    let visitor = world.visitor().at(&world.another_instance().await);
    assert_eq!(visitor.authorize("").await.status(), 200);
}
