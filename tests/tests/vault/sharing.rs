//! Access tokens are shared: reused until five minutes before their end, and refreshed once for everybody.

use std::time::Duration;

use futures_util::future::join_all;
use local::{
    aws::{AwsFault, Effect as AwsEffect},
    google::{Effect, Endpoint, Fault},
};
use shared::{domain::connection::Status, function::Deadline, vault::access_tokens::AccessError};

use super::world::*;

/// How many instances find the same token expired.
const INSTANCES: usize = 20;

#[tokio::test]
async fn a_token_is_reused_until_five_minutes_before_its_end_and_refreshed_then() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let instance = world.instance();
    let first = instance.obtain(ANNA).await.unwrap();
    // Google's tokens live 3,599 seconds.
    world.clock.pass(Duration::from_millis(3_298_999));
    assert!(world.instance().obtain(ANNA).await.unwrap().token.is_same_as(&first.token));
    assert_eq!(world.refreshes(), 0);
    world.clock.pass(Duration::from_millis(1));
    let second = instance.obtain(ANNA).await.unwrap();
    assert!(!second.token.is_same_as(&first.token));
    assert!(world.instance().obtain(ANNA).await.unwrap().token.is_same_as(&second.token));
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_instances_that_find_the_same_expired_token_cause_one_refresh() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    world.google.faults().inject(Endpoint::Token, Fault { times: None, effect: Effect::Delay(SOON) });
    assert_one_refresh(&world).await;
}

/// Long enough for the others to come meanwhile.
const SOON: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn round_after_round_there_is_one_refresh_whatever_is_slow() {
    let world = World::start().await;
    world.connect(ANNA).await;
    for round in 0..6_u64 {
        world.clock.pass(TOKEN_LIFE);
        let time = Duration::from_millis(round * 7);
        let slow =
            ["DynamoDB.UpdateItem", "DynamoDB.GetItem", "KMS", "SecretsManager"][usize::try_from(round % 4).unwrap()];
        world.aws.faults().fail(slow, AwsFault::times(15, AwsEffect::Delay(time)));
        world.google.faults().inject_times(Endpoint::Token, 1, Effect::Delay(Duration::from_millis(30 - round * 3)));
        assert_one_refresh(&world).await;
        world.aws.faults().clear(slow);
        world.google.faults().clear_all();
    }
}

/// Many instances ask at once: Google is asked once, and all have the same token, which works.
async fn assert_one_refresh(world: &World) {
    let before = world.refreshes();
    let asked = (0..INSTANCES).map(|_| {
        let instance = world.instance();
        tokio::spawn(async move { instance.obtain(ANNA).await })
    });
    let answers: Vec<_> = join_all(asked).await.into_iter().map(|answer| answer.unwrap().unwrap()).collect();
    assert_eq!(world.refreshes() - before, 1);
    assert!(answers.iter().all(|answer| answer.token.is_same_as(&answers[0].token)));
    assert!(world.works(&answers[0].token).await);
    assert!(world.row(ANNA).unwrap().get("lease_owner").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_comes_late_to_the_lease_uses_the_token_that_was_shared_meanwhile() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let mut at_the_lease = world.aws.faults().hold("DynamoDB.UpdateItem");
    let late = world.instance();
    let late = tokio::spawn(async move { late.obtain(ANNA).await });
    at_the_lease.reached().await;
    let quick = world.instance().obtain(ANNA).await.unwrap();
    at_the_lease.release();
    assert!(late.await.unwrap().unwrap().token.is_same_as(&quick.token));
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn a_token_that_gmail_rejects_is_renewed_once() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let instance = world.instance();
    let rejected = instance.obtain(ANNA).await.unwrap();
    world.google.expire_access_tokens(user_id(ANNA).as_str());
    assert!(!world.works(&rejected.token).await);
    let renewed = instance.renew(&rejected).await.unwrap();
    assert!(world.works(&renewed.token).await);
    // Who has the rejected token still, finds the new one.
    assert!(world.instance().renew(&rejected).await.unwrap().token.is_same_as(&renewed.token));
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_instances_whose_token_is_rejected_cause_one_refresh() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let instances: Vec<_> = (0..INSTANCES).map(|_| world.instance()).collect();
    let tokens = join_all(instances.iter().map(|instance| instance.obtain(ANNA))).await;
    world.google.expire_access_tokens(user_id(ANNA).as_str());
    let asked = instances
        .into_iter()
        .zip(tokens)
        .map(|(instance, rejected)| tokio::spawn(async move { instance.renew(&rejected.unwrap()).await }));
    let renewed: Vec<_> = join_all(asked).await.into_iter().map(|answer| answer.unwrap().unwrap().token).collect();
    assert_eq!(world.refreshes(), 1);
    assert!(renewed.iter().all(|token| token.is_same_as(&renewed[0])));
    assert!(world.works(&renewed[0]).await);
}

#[tokio::test]
async fn giving_up_marks_the_connection_revoked_and_forgets_the_token() {
    let world = World::start().await;
    let connected = world.connect(ANNA).await;
    let instance = world.instance();
    let access = instance.obtain(ANNA).await.unwrap();
    let renewed = instance.renew(&access).await.unwrap();
    let said = instance.give_up(&renewed.connection).await;
    assert!(matches!(said, Err(AccessError::ReauthorizationRequired { .. })), "{said:?}");
    let stored = instance.vault.find(&user_id(ANNA)).await.unwrap().unwrap();
    assert_eq!(stored.status, Status::Revoked { reason: "access_token_rejected".to_owned() });
    assert!(stored.generation > connected.generation);
    assert!(stored.tokens.access_token.is_none());
    assert_eq!(outcome(&world.instance().obtain(ANNA).await), "reauthorization required");
}

#[tokio::test]
async fn giving_up_leaves_a_connection_alone_that_has_a_newer_token() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let instance = world.instance();
    let rejected = instance.obtain(ANNA).await.unwrap();
    let newer = world.instance().renew(&rejected).await.unwrap();
    let given = instance.give_up(&rejected.connection).await.unwrap();
    assert!(given.token.is_same_as(&newer.token));
    assert!(world.instance().obtain(ANNA).await.unwrap().token.is_same_as(&newer.token));
}

#[tokio::test]
async fn a_connection_whose_refresh_token_is_over_is_not_taken_to_google() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    world.edit_row(ANNA, |row| row["refresh_token_expires_at"] = serde_json::json!({"S": "2026-11-22T11:00:00Z"}));
    assert_eq!(outcome(&world.instance().obtain(ANNA).await), "reauthorization required");
    assert_eq!(world.refreshes(), 0);
}

#[tokio::test]
async fn a_connection_of_another_client_is_not_taken_to_google() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    world.edit_row(ANNA, |row| row["client_id"] = serde_json::json!({"S": "another"}));
    assert_eq!(outcome(&world.instance().obtain(ANNA).await), "reauthorization required");
    assert_eq!(world.refreshes(), 0);
}

#[tokio::test]
async fn a_kept_connection_takes_the_access_token_of_the_new_consent() {
    let world = World::start().await;
    let before = world.connect_and_expire(ANNA).await;
    let (instance, user) = (world.instance(), user_id(ANNA));
    let tokens = world.consent(ANNA).await;
    instance.vault.renew(&before, &consent(&user, ANNA, &tokens, ANY_TIME)).await.unwrap();
    let stored = instance.vault.find(&user).await.unwrap().unwrap();
    assert_eq!(stored.tokens.refresh_token, before.tokens.refresh_token);
    assert_eq!(stored.generation, before.generation);
    let access = instance.tokens.obtain(stored, None, Deadline::after(PATIENCE)).await.unwrap();
    assert!(access.token.is_same_as(&tokens.access_token));
    assert_eq!(world.refreshes(), 0);
}
