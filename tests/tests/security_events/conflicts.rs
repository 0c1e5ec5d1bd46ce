//! Events that meet a refresh, a consent or a deletion under way: whatever comes first, what Google ended stays ended.

use std::time::Duration;

use local::google::{Effect, Endpoint};
use tests::world::{TABLE, connection_key};

use super::*;

/// A world in which Anna's access token is over, so that the next question refreshes it.
async fn stale() -> World {
    let world = connected().await;
    world.clock.advance(Duration::from_hours(1));
    world
}

/// The tokens of both kinds of event that end an access.
fn ends(world: &World) -> [(String, &'static str); 3] {
    let token = world.issued_tokens().into_iter().find(|token| token.starts_with("1//")).unwrap();
    let subject = json!({ "token_type": "refresh_token", "token_identifier_alg": "prefix", "token": &token[..16] });
    [
        (end(world), "tokens_revoked"),
        (saying(world, "oauth", "token-revoked", &json!({ "subject": subject })), "token_revoked"),
        (saying(world, "risc", "account-disabled", &about(ANNA)), "account_disabled"),
    ]
}

#[tokio::test]
async fn an_event_during_a_refresh_ends_the_access_and_the_refresh_does_not_bring_it_back() {
    for index in 0..3 {
        for write in [1, 2] {
            let world = stale().await;
            let (token, reason) = ends(&world)[index].clone();
            // The writes of a refresh are the lease and the new access token.
            let mut gates: Vec<_> = (0..write).map(|_| world.aws.faults().hold("DynamoDB.UpdateItem")).collect();
            let told = async {
                let mut last = gates.pop().unwrap();
                for mut gate in gates {
                    gate.reached().await;
                    gate.release();
                }
                last.reached().await;
                assert_taken(&deliver(&world, &token).await);
                assert_status(&world, "revoked", Some(reason));
                last.release();
            };
            let (answer, ()) = tokio::join!(list(&world.instance, ANNA), told);
            problem(&answer, 401, "reauthorization_required");
            assert_status(&world, "revoked", Some(reason));
            assert_eq!(world.attribute(ANNA, "access_token"), None);
            assert_eq!(world.attribute(ANNA, "lease_owner"), None);
        }
    }
}

#[tokio::test]
async fn an_event_that_a_refresh_overtakes_ends_the_access_all_the_same() {
    for index in 0..3 {
        let world = stale().await;
        let (token, reason) = ends(&world)[index].clone();
        let mut gate = world.aws.faults().hold("DynamoDB.UpdateItem");
        let overtaken = async {
            gate.reached().await;
            assert_eq!(list(&world.instance, ANNA).await.status(), 200);
            gate.release();
        };
        let (answer, ()) = tokio::join!(deliver(&world, &token), overtaken);
        assert_taken(&answer);
        assert_status(&world, "revoked", Some(reason));
        problem(&list(&world.instance, ANNA).await, 401, "reauthorization_required");
    }
}

#[tokio::test]
async fn sessions_that_end_during_a_refresh_cost_nobody_the_access() {
    let world = stale().await;
    let ended = saying(&world, "risc", "sessions-revoked", &about(ANNA));
    let early = world.visitor.duplicate();
    let mut lease = world.aws.faults().hold("DynamoDB.UpdateItem");
    let mut share = world.aws.faults().hold("DynamoDB.UpdateItem");
    let told = async {
        lease.reached().await;
        lease.release();
        share.reached().await;
        assert_taken(&deliver(&world, &ended).await);
        share.release();
    };
    let (answer, ()) = tokio::join!(list(&world.instance, ANNA), told);
    assert_eq!(answer.status(), 200, "{}", answer.body());
    assert_status(&world, "active", None);
    problem(&early.get("/messages").await, 401, "session_required");
    assert_eq!(list(&*world.another_instance().await, ANNA).await.status(), 200);
}

#[tokio::test]
async fn sessions_end_although_a_refresh_overtakes_the_event() {
    let world = stale().await;
    let ended = saying(&world, "risc", "sessions-revoked", &about(ANNA));
    let mut gate = world.aws.faults().hold("DynamoDB.UpdateItem");
    let overtaken = async {
        gate.reached().await;
        assert_eq!(list(&world.instance, ANNA).await.status(), 200);
        gate.release();
    };
    let (answer, ()) = tokio::join!(deliver(&world, &ended), overtaken);
    assert_taken(&answer);
    problem(&world.visitor.get("/messages").await, 401, "session_required");
    assert_eq!(list(&world.instance, ANNA).await.status(), 200);
}

#[tokio::test]
async fn an_event_that_a_new_consent_overtakes_leaves_the_new_connection() {
    for index in 0..3 {
        let world = stale().await;
        let (token, _) = ends(&world)[index].clone();
        world.google.revoke(&sub(ANNA));
        world.clock.advance(Duration::from_mins(1));
        // The write that ends sessions comes first with a disabled account.
        let mut gates = vec![world.aws.faults().hold("DynamoDB.UpdateItem")];
        if index == 2 {
            gates.push(world.aws.faults().hold("DynamoDB.UpdateItem"));
        }
        let overtaken = async {
            let mut last = gates.pop().unwrap();
            for mut gate in gates {
                gate.reached().await;
                gate.release();
            }
            last.reached().await;
            world.connect(ANNA).await;
            last.release();
        };
        let (answer, ()) = tokio::join!(deliver(&world, &token), overtaken);
        assert_taken(&answer);
        assert_status(&world, "active", None);
        assert_eq!(list(&world.instance, ANNA).await.status(), 200);
    }
}

#[tokio::test]
async fn a_connection_that_is_deleted_meanwhile_does_not_come_back() {
    for index in 0..3 {
        let world = connected().await;
        let (token, _) = ends(&world)[index].clone();
        let mut gate = world.aws.faults().hold("DynamoDB.UpdateItem");
        let deleted = async {
            gate.reached().await;
            world.aws.delete_item(TABLE, &connection_key(ANNA)).unwrap();
            gate.release();
        };
        let (answer, ()) = tokio::join!(deliver(&world, &token), deleted);
        assert_taken(&answer);
        assert_eq!(world.connection(ANNA), None);
    }
}

#[tokio::test]
async fn whichever_of_google_and_the_event_tells_first_decides_the_reason_and_both_are_taken() {
    let world = stale().await;
    world.google.faults().inject_times(
        Endpoint::Token,
        1,
        Effect::TokenError { error: "invalid_grant".to_owned(), subtype: None },
    );
    let token = end(&world);
    let mut lease = world.aws.faults().hold("DynamoDB.UpdateItem");
    let mut mark = world.aws.faults().hold("DynamoDB.UpdateItem");
    let told = async {
        lease.reached().await;
        lease.release();
        mark.reached().await;
        assert_taken(&deliver(&world, &token).await);
        mark.release();
    };
    let (answer, ()) = tokio::join!(list(&world.instance, ANNA), told);
    problem(&answer, 401, "reauthorization_required");
    assert_status(&world, "revoked", Some("tokens_revoked"));
}
