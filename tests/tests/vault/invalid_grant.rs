//! Google says `invalid_grant`: only if nobody has anything newer is the access over.

use std::time::Duration;

use local::{
    aws::Gate,
    google::{Effect, Endpoint},
};
use shared::{
    domain::connection::{Lease, Status},
    vault::access_tokens::{Access, AccessError},
};
use tokio::task::JoinHandle;

use super::world::*;

fn refuse_once(world: &World, subtype: Option<&str>) {
    let effect = Effect::TokenError { error: "invalid_grant".to_owned(), subtype: subtype.map(str::to_owned) };
    world.google.faults().inject_times(Endpoint::Token, 1, effect);
}

#[tokio::test]
async fn a_dead_refresh_token_marks_the_connection_revoked_with_the_reason() {
    for (subtype, reason) in
        [(None, "invalid_grant"), (Some("invalid_rapt"), "session_control"), (Some("rapt_required"), "session_control")]
    {
        let world = World::start().await;
        let before = world.connect_and_expire(ANNA).await;
        refuse_once(&world, subtype);
        assert_eq!(outcome(&world.instance().obtain(ANNA).await), "reauthorization required");
        let stored = world.instance().vault.find(&user_id(ANNA)).await.unwrap().unwrap();
        assert_eq!(stored.status, Status::Revoked { reason: reason.to_owned() });
        assert!(stored.generation > before.generation);
        assert!(stored.tokens.access_token.is_none() && stored.lease.is_none());
        // It stays so, and Google is not asked any more.
        assert_eq!(outcome(&world.instance().obtain(ANNA).await), "reauthorization required");
        assert_eq!(world.refreshes(), 1);
    }
}

#[tokio::test]
async fn a_user_who_removed_the_access_must_authorize_again_and_can() {
    let world = World::start().await;
    let before = world.connect_and_expire(ANNA).await;
    world.google.revoke(user_id(ANNA).as_str());
    assert_eq!(outcome(&world.instance().obtain(ANNA).await), "reauthorization required");
    let after = world.connect(ANNA).await;
    assert!(after.generation > before.generation + 1);
    assert_eq!(after.connected_at, before.connected_at);
    assert!(world.works(&world.instance().obtain(ANNA).await.unwrap().token).await);
}

/// An instance to which Google has said `invalid_grant`, and which stands before reading the connection again.
async fn refused(world: &World) -> (JoinHandle<Result<Access, AccessError>>, Gate) {
    refuse_once(world, None);
    let mut at_the_lease = world.aws.faults().hold("DynamoDB.UpdateItem");
    let instance = world.instance();
    let asked = tokio::spawn(async move { instance.obtain(ANNA).await });
    at_the_lease.reached().await;
    let mut at_the_read = world.aws.faults().hold("DynamoDB.GetItem");
    at_the_lease.release();
    at_the_read.reached().await;
    (asked, at_the_read)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_replaced_meanwhile_is_used_and_not_marked() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let (refused, gate) = refused(&world).await;
    world.connect(ANNA).await;
    let row = world.row(ANNA);
    gate.release();
    let access = refused.await.unwrap().unwrap();
    assert!(world.works(&access.token).await);
    assert_eq!(world.row(ANNA), row);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_shared_meanwhile_is_used_and_nothing_is_marked() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let (refused, gate) = refused(&world).await;
    world.clock.pass(Lease::LIFETIME);
    let newer = world.instance().obtain(ANNA).await.unwrap();
    let row = world.row(ANNA);
    gate.release();
    assert!(refused.await.unwrap().unwrap().token.is_same_as(&newer.token));
    assert_eq!(world.row(ANNA), row);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_shared_in_the_last_moment_is_used_and_nothing_is_marked() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let (refused, gate) = refused(&world).await;
    let mut at_the_mark = world.aws.faults().hold("DynamoDB.UpdateItem");
    gate.release();
    at_the_mark.reached().await;
    world.clock.pass(Lease::LIFETIME);
    let newer = world.instance().obtain(ANNA).await.unwrap();
    let row = world.row(ANNA);
    at_the_mark.release();
    assert!(refused.await.unwrap().unwrap().token.is_same_as(&newer.token));
    assert_eq!(world.row(ANNA), row);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_deleted_meanwhile_is_not_found() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let (refused, gate) = refused(&world).await;
    world.delete_row(ANNA);
    gate.release();
    assert_eq!(outcome(&refused.await.unwrap()), "not found");
    assert_eq!(world.row(ANNA), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_instances_learn_of_one_dead_refresh_token_by_one_refresh() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    world.google.revoke(user_id(ANNA).as_str());
    world.google.faults().inject_times(Endpoint::Token, 1, Effect::Delay(Duration::from_millis(50)));
    let asked = (0..10).map(|_| {
        let instance = world.instance();
        tokio::spawn(async move { outcome(&instance.obtain(ANNA).await) })
    });
    for asked in futures_util::future::join_all(asked).await {
        assert_eq!(asked.unwrap(), "reauthorization required");
    }
    assert_eq!(world.refreshes(), 1);
}
