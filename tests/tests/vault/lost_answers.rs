//! A write is done, but its answer is lost: nothing is done twice, and nothing is lost.

use local::aws::{AwsFault, Effect};
use shared::{
    domain::connection::Status,
    vault::access_tokens::{Access, AccessError},
};

use super::world::*;

/// How often an answer is lost: once, or for every try that the SDK makes of one call.
const LOSSES: [u32; 2] = [1, 3];

/// Obtains a token while the answer to the write numbered `write` (0: the lease, 1: what comes after) is lost.
async fn obtain_losing(world: &World, write: usize, times: u32) -> Result<Access, AccessError> {
    let mut gates: Vec<_> = (0..=write).map(|_| world.aws.faults().hold("DynamoDB.UpdateItem")).collect();
    let instance = world.instance();
    let asked = tokio::spawn(async move { instance.obtain(ANNA).await });
    let mut last = gates.pop().unwrap();
    for mut gate in gates {
        gate.reached().await;
        gate.release();
    }
    last.reached().await;
    world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::times(times, Effect::LoseAnswer));
    last.release();
    asked.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_whose_answer_was_lost_is_held() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    let access = obtain_losing(&world, 0, 1).await.unwrap();
    assert!(world.works(&access.token).await);
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_whose_every_answer_was_lost_ends_by_itself() {
    let world = World::start().await;
    world.connect_and_expire(ANNA).await;
    assert_eq!(outcome(&obtain_losing(&world, 0, 3).await), "unavailable");
    world.clock.pass(shared::domain::connection::Lease::LIFETIME);
    world.instance().obtain(ANNA).await.unwrap();
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_whose_sharing_was_not_answered_is_shared() {
    for times in LOSSES {
        let world = World::start().await;
        world.connect_and_expire(ANNA).await;
        let access = obtain_losing(&world, 1, times).await.unwrap();
        let other = world.instance().obtain(ANNA).await.unwrap();
        assert!(other.token.is_same_as(&access.token), "{times}");
        assert_eq!(world.refreshes(), 1, "{times}");
        assert!(world.row(ANNA).unwrap().get("lease_owner").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_whose_answer_was_lost_is_made_once() {
    for times in LOSSES {
        let world = World::start().await;
        let before = world.connect_and_expire(ANNA).await;
        world.google.revoke(user_id(ANNA).as_str());
        let answer = obtain_losing(&world, 1, times).await;
        let expected = if times == 1 { "reauthorization required" } else { "unavailable" };
        assert_eq!(outcome(&answer), expected);
        let stored = world.instance().vault.find(&user_id(ANNA)).await.unwrap().unwrap();
        assert_eq!(stored.status, Status::Revoked { reason: "invalid_grant".to_owned() });
        assert_eq!(stored.generation, before.generation + 1);
        assert_eq!(world.refreshes(), 1);
    }
}

#[tokio::test]
async fn giving_up_says_so_also_if_the_answer_of_the_mark_was_lost() {
    let world = World::start().await;
    world.connect(ANNA).await;
    let instance = world.instance();
    let access = instance.obtain(ANNA).await.unwrap();
    world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::times(1, Effect::LoseAnswer));
    let said = instance.give_up(&access.connection).await;
    assert!(matches!(said, Err(AccessError::ReauthorizationRequired { .. })), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_answer_was_lost_is_stored_once() {
    for (times, connected_before) in [(1, false), (1, true), (3, false), (3, true), (5, false), (5, true)] {
        let world = World::start().await;
        if connected_before {
            world.connect(ANNA).await;
        }
        let tokens = world.consent(ANNA).await;
        let instance = world.instance();
        instance.vault.prepare().await;
        world.aws.faults().fail("DynamoDB.TransactWriteItems", AwsFault::times(times, Effect::LoseAnswer));
        let connection = instance.connect(ANNA, &tokens).await.unwrap();
        let stored = instance.vault.find(&user_id(ANNA)).await.unwrap().unwrap();
        assert_eq!(stored.generation, connection.generation);
        let refresh_token = instance.vault.refresh_token(&stored).await.unwrap();
        assert!(refresh_token.is_same_as(tokens.refresh_token.as_ref().unwrap()));
        // The connection, the key of the index, and the two entries of the one token.
        let items = world.aws.items(TABLE).unwrap();
        assert_eq!(items.len(), 4, "{times} {connected_before}");
        assert_eq!(stored.mints.len(), 1 + usize::from(connected_before), "it is one consent");
        let access = world.instance().obtain(ANNA).await.unwrap();
        assert!(access.token.is_same_as(&tokens.access_token));
        assert_eq!(world.refreshes(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_index_is_made_once_whatever_answers_are_lost() {
    let world = World::start().await;
    world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::times(1, Effect::LoseAnswer));
    world.connect(ANNA).await;
    let key = world.aws.item(TABLE, "key#token-index").unwrap();
    world.connect(DAVID).await;
    assert_eq!(world.aws.item(TABLE, "key#token-index").unwrap(), key);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lost_answers_bring_no_storm_of_refreshes() {
    let world = World::start().await;
    world.connect(ANNA).await;
    for _ in 0..4 {
        world.clock.pass(TOKEN_LIFE);
        let before = world.refreshes();
        world.aws.faults().fail("DynamoDB.UpdateItem", AwsFault::times(2, Effect::LoseAnswer));
        let asked = (0..10).map(|_| {
            let instance = world.instance();
            tokio::spawn(async move { instance.obtain(ANNA).await.unwrap().token })
        });
        let tokens = futures_util::future::join_all(asked).await;
        let first = tokens[0].as_ref().unwrap();
        assert!(tokens.iter().all(|token| token.as_ref().unwrap().is_same_as(first)));
        assert_eq!(world.refreshes() - before, 1);
    }
}
