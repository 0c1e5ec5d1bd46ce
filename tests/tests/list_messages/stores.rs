//! Our own stores: while one fails, callers are told, and the next request is served.

use std::time::Duration;

use local::aws::{AwsFault, Effect};
use tests::world::{ANNA, World};

use super::{connected, list, listing, of, problem};

#[track_caller]
fn assert_unavailable(answer: &tests::answer::Answer) {
    problem(answer, 503, "unavailable");
    assert!(answer.header("retry-after").is_some());
}

fn ways_to_fail() -> [Effect; 4] {
    let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
    [Effect::Status(500), Effect::Throttle, Effect::Disconnect, denied]
}

#[tokio::test]
async fn while_the_table_cannot_be_read_nobody_is_asked_to_consent() {
    let world = connected().await;
    for effect in ways_to_fail() {
        world.aws.faults().fail("DynamoDB", AwsFault::always(effect.clone()));
        let (calls, instance) = (world.google_calls(), world.another_instance().await);
        assert_unavailable(&instance.send(&of(ANNA, "")).await);
        assert_unavailable(&world.visitor.duplicate().at(&instance).get("/messages").await);
        assert_eq!(world.google_calls(), calls, "{effect:?}");
        world.aws.faults().clear("DynamoDB");
        listing(&list(&world, "").await);
    }
}

#[tokio::test]
async fn while_the_key_cannot_be_used_nobody_is_asked_to_consent() {
    let world = connected().await;
    for effect in ways_to_fail() {
        let instance = world.another_instance().await;
        world.aws.faults().fail("KMS", AwsFault::always(effect.clone()));
        assert_unavailable(&instance.send(&of(ANNA, "")).await);
        assert_eq!(world.attribute(ANNA, "status").unwrap(), "active", "{effect:?}");
        world.aws.faults().clear("KMS");
        listing(&instance.send(&of(ANNA, "")).await);
    }
}

#[tokio::test]
async fn while_the_secrets_cannot_be_read_at_first_callers_are_told() {
    let world = connected().await;
    for effect in ways_to_fail() {
        world.aws.faults().fail("SecretsManager", AwsFault::always(effect.clone()));
        let instance = world.another_instance().await;
        assert_unavailable(&instance.send(&of(ANNA, "")).await);
        world.aws.faults().clear("SecretsManager");
        listing(&instance.send(&of(ANNA, "")).await);
    }
}

#[tokio::test]
async fn secrets_that_were_read_once_are_used_while_they_cannot_be_read_again() {
    let world = connected().await;
    world.aws.faults().fail("SecretsManager", AwsFault::always(Effect::Disconnect));
    world.clock.advance(Duration::from_mins(6));
    listing(&list(&world, "").await);
    listing(&world.visitor.get("/messages").await);
}

#[tokio::test]
async fn a_store_that_stumbles_is_asked_again() {
    let world = connected().await;
    for effect in [Effect::Status(500), Effect::Throttle, Effect::Disconnect, Effect::LoseAnswer] {
        world.aws.faults().fail("DynamoDB", AwsFault::times(1, effect.clone()));
        listing(&list(&world, "").await);
    }
}

#[tokio::test]
async fn a_new_token_that_cannot_be_shared_still_lists() {
    let world: World = connected().await;
    world.clock.advance(Duration::from_hours(1));
    let mut lease = world.aws.faults().hold("DynamoDB.UpdateItem");
    let broken = async {
        lease.reached().await;
        lease.release();
        // The write after the lease's is the one that shares the token.
        let mut share = world.aws.faults().hold("DynamoDB.UpdateItem");
        share.reached().await;
        world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::always(Effect::Status(500)));
        share.release();
    };
    let (answer, ()) = tokio::join!(list(&world, ""), broken);
    listing(&answer);
}

#[tokio::test]
async fn secrets_that_hang_when_they_are_read_again_delay_one_answer_at_most() {
    let world = connected().await;
    world.aws.faults().fail("SecretsManager", AwsFault::always(Effect::Hang));
    world.clock.advance(Duration::from_mins(6));
    listing(&list(&world, "").await);
    let started = std::time::Instant::now();
    listing(&list(&world, "").await);
    assert!(started.elapsed() < Duration::from_millis(700), "{:?}", started.elapsed());
}
