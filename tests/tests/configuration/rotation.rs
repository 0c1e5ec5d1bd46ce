//! The cookie key changes while browsers are under way.

use std::time::Duration;

use local::google::Decision;
use tests::world::{ANNA, COOKIE_KEY_SECRET_ID, DAVID, World};

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
async fn the_previous_key_is_read_from_when_a_cookie_asks_for_it() {
    let world = World::start().await;
    let location = world.consented("").await;
    rotate(&world, "b");
    let rotated = world.another_instance().await;
    let readings = || world.aws.faults().calls("SecretsManager.GetSecretValue");
    let before = readings();
    let visitor = world.visitor.duplicate().at(&rotated);
    assert_eq!(visitor.authorize("").await.status(), 200);
    assert_eq!(readings(), before, "a new attempt is sealed with the current key");
    assert_eq!(visitor.get(&location).await.status(), 200);
    assert_eq!(readings(), before + 1);
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(visitor.get("/callback").await.status(), 400);
    assert_eq!(readings(), before + 2, "it is read again with the current one");
}

#[tokio::test]
async fn a_previous_key_that_is_too_short_opens_nothing_and_harms_nothing() {
    let world = World::start().await;
    let location = world.consented("").await;
    world.aws.secrets().put(COOKIE_KEY_SECRET_ID, "short").unwrap();
    rotate(&world, "b");
    harms_nothing(&world, &location).await;
}

#[tokio::test]
async fn a_previous_key_that_cannot_be_read_harms_nothing() {
    use local::aws::{AwsFault, Effect};
    let world = World::start().await;
    let location = world.consented("").await;
    rotate(&world, "b");
    world.aws.faults().fail("SecretsManager.GetSecretValue", AwsFault::always(Effect::Status(500)));
    harms_nothing(&world, &location).await;
}

#[tokio::test]
async fn a_previous_key_that_could_not_be_read_is_read_again_soon() {
    use local::aws::{AwsFault, Effect};
    let world = World::start().await;
    let location = world.consented("").await;
    rotate(&world, "b");
    let visitor = world.visitor.duplicate().at(&world.another_instance().await);
    world.aws.faults().fail("SecretsManager.GetSecretValue", AwsFault::always(Effect::Status(500)));
    assert_eq!(visitor.get(&location).await.status(), 400);
    let tried = world.aws.faults().calls("SecretsManager.GetSecretValue");
    assert_eq!(visitor.get(&location).await.status(), 400);
    assert_eq!(world.aws.faults().calls("SecretsManager.GetSecretValue"), tried, "but not with every request");
    world.aws.faults().clear("SecretsManager.GetSecretValue");
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(visitor.get(&location).await.status(), 200);
}

#[tokio::test]
async fn secrets_that_could_not_be_read_again_are_asked_for_soon_but_not_with_every_request() {
    use local::aws::{AwsFault, Effect};
    let world = World::start().await;
    let location = world.consented("").await;
    rotate(&world, "b");
    let visitor = world.visitor.duplicate().at(&world.another_instance().await);
    world.aws.faults().fail("SecretsManager", AwsFault::always(Effect::Status(500)));
    assert_eq!(visitor.get(&location).await.status(), 400);
    let tried = world.aws.faults().calls("SecretsManager");
    assert_eq!(visitor.get(&location).await.status(), 400);
    assert_eq!(world.aws.faults().calls("SecretsManager"), tried);
    world.aws.faults().clear("SecretsManager");
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(visitor.get(&location).await.status(), 200);
}

#[tokio::test]
async fn only_a_cookie_that_does_not_open_is_a_reason_to_read_again() {
    let world = World::start().await;
    let readings = || world.aws.faults().calls("SecretsManager");
    let before = readings();
    let visitor = world.visitor();
    assert_eq!(visitor.get("/messages").await.status(), 401);
    assert_eq!(visitor.get("/callback?state=aaaaaaaaaaaaaaaaaaaaaa&code=4%2F0").await.status(), 400);
    assert_eq!(readings(), before, "there was none");
    visitor.jar().apply(["__Host-session=x; Path=/; Secure"]);
    assert_eq!(visitor.get("/messages").await.status(), 401);
    assert!(readings() > before, "there was one");
}

/// An attempt that was begun before does not come through, and a new one does.
async fn harms_nothing(world: &World, before: &str) {
    let visitor = world.visitor.duplicate().at(&world.another_instance().await);
    assert_eq!(visitor.get(before).await.status(), 400);
    let location = world.consent(&visitor.begin("").await, &Decision::all(DAVID));
    assert_eq!(visitor.get(&location).await.status(), 200);
}
