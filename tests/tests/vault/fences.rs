//! Whatever a slow instance writes late: it never brings back, nor harms, a connection that changed meanwhile.

use std::time::Duration;

use local::google::{Effect, Endpoint};
use serde_json::json;
use shared::{
    domain::{revocation::Reason, security_event::TokenIdentifier},
    function::Deadline,
    vault::access_tokens::{Access, AccessError},
};

use super::world::*;

/// The write that comes late.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Late {
    /// Taking the lease.
    Lease,
    /// Sharing the new access token.
    Share,
    /// Marking the connection revoked.
    Mark,
    /// Ending the lease after Google's answer made no sense.
    Release,
}

/// What happens to the connection meanwhile.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Revoked,
    Replaced,
    Deleted,
    DeletedAndConnectedAgain,
}

const ALL: [Meanwhile; 4] =
    [Meanwhile::Revoked, Meanwhile::Replaced, Meanwhile::Deleted, Meanwhile::DeletedAndConnectedAgain];

impl Meanwhile {
    async fn happen(self, world: &World) {
        match self {
            Self::Revoked => {
                let instance = world.instance();
                let connection = instance.vault.find(&user_id(ANNA)).await.unwrap().unwrap();
                let _ = instance.give_up(&connection).await;
            }
            Self::Replaced => drop(world.connect(ANNA).await),
            Self::Deleted => world.delete_row(ANNA),
            Self::DeletedAndConnectedAgain => {
                world.delete_row(ANNA);
                world.clock.pass(Duration::from_millis(1));
                world.connect(ANNA).await;
            }
        }
    }

    /// What the late instance has to answer, if it did not fail anyway.
    fn outcome(self) -> &'static str {
        match self {
            Self::Revoked => "reauthorization required",
            Self::Deleted => "not found",
            Self::Replaced | Self::DeletedAndConnectedAgain => "token",
        }
    }
}

/// Holds back a write of an instance until something happened to the connection.
async fn write_late(world: &World, late: Late, meanwhile: Meanwhile) -> Result<Access, AccessError> {
    match late {
        Late::Lease | Late::Share => {}
        Late::Mark => world.google.faults().inject_times(Endpoint::Token, 1, invalid_grant()),
        Late::Release => world.google.faults().inject_times(Endpoint::Token, 1, Effect::Malformed),
    }
    let mut gate = world.aws.faults().hold("DynamoDB.UpdateItem");
    let mut second = (late != Late::Lease).then(|| world.aws.faults().hold("DynamoDB.UpdateItem"));
    let instance = world.instance();
    let asked = tokio::spawn(async move { instance.obtain(ANNA).await });
    gate.reached().await;
    if let Some(second) = second.take() {
        gate.release();
        gate = second;
        gate.reached().await;
    }
    meanwhile.happen(world).await;
    let row = world.row(ANNA);
    gate.release();
    let answer = asked.await.unwrap();
    assert_eq!(world.row(ANNA), row, "{late:?} {meanwhile:?}");
    answer
}

fn invalid_grant() -> Effect {
    Effect::TokenError { error: "invalid_grant".to_owned(), subtype: None }
}

async fn assert_harmless(late: Late) {
    for meanwhile in ALL {
        let world = World::start().await;
        let before = world.connect_and_expire(ANNA).await;
        let answer = write_late(&world, late, meanwhile).await;
        let expected = if late == Late::Release { "google unavailable" } else { meanwhile.outcome() };
        assert_eq!(outcome(&answer), expected, "{late:?} {meanwhile:?}");
        if let Some(stored) = world.instance().vault.find(&user_id(ANNA)).await.unwrap() {
            assert!(stored.generation > before.generation, "{late:?} {meanwhile:?}");
        }
        if let Ok(access) = answer {
            let shared = world.instance().obtain(ANNA).await.unwrap();
            assert!(access.token.is_same_as(&shared.token), "{late:?} {meanwhile:?}");
            assert!(world.works(&access.token).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_lease_is_refused() {
    assert_harmless(Late::Lease).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_access_token_is_not_written() {
    assert_harmless(Late::Share).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_mark_does_not_revoke() {
    assert_harmless(Late::Mark).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_release_changes_nothing() {
    assert_harmless(Late::Release).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_was_deleted_meanwhile_does_not_come_back() {
    for meanwhile in ALL {
        let world = World::start().await;
        let read = world.connect_and_expire(ANNA).await;
        let tokens = world.consent(ANNA).await;
        let mut gate = world.aws.faults().hold("DynamoDB.TransactWriteItems");
        let vault = world.instance().vault;
        let late = tokio::spawn(async move {
            let user = user_id(ANNA);
            vault.renew(&read, &consent(&user, ANNA, &tokens, ANY_TIME)).await
        });
        gate.reached().await;
        meanwhile.happen(&world).await;
        let row = world.row(ANNA);
        gate.release();
        let error = late.await.unwrap().unwrap_err();
        assert!(matches!(error, shared::vault::VaultError::Conflict), "{meanwhile:?} {error:?}");
        assert_eq!(world.row(ANNA), row, "{meanwhile:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_consents_at_once_both_are_stored_one_after_the_other() {
    let world = World::start().await;
    let before = world.connect(ANNA).await;
    let (first, second) = (world.consent(ANNA).await, world.consent(ANNA).await);
    let mut gate = world.aws.faults().hold("DynamoDB.TransactWriteItems");
    let late = world.instance();
    let late = tokio::spawn(async move { late.connect(ANNA, &first).await.map(|connection| (connection, first)) });
    gate.reached().await;
    world.instance().connect(ANNA, &second).await.unwrap();
    gate.release();
    let (connection, tokens) = late.await.unwrap().unwrap();
    assert_eq!(connection.generation, before.generation + 2);
    let vault = world.instance().vault;
    let stored = vault.find(&user_id(ANNA)).await.unwrap().unwrap();
    assert!(vault.refresh_token(&stored).await.unwrap().is_same_as(tokens.refresh_token.as_ref().unwrap()));
}

#[tokio::test]
async fn an_end_gives_the_connection_as_it_is_stored_by_then() {
    let world = World::start().await;
    let connected = world.connect(ANNA).await;
    world.edit_row(ANNA, |row| {
        row["lease_owner"] = json!({"S": "an instance that died"});
        row["lease_expires_at"] = json!({"S": connected.updated_at.to_string()});
    });
    world.clock.pass(Duration::from_mins(1));
    let vault = world.instance().vault;
    let given = vault.revoke(&user_id(ANNA), None, &Reason::TokensRevoked, |_| true, Deadline::after(PATIENCE)).await;
    let stored = vault.find(&user_id(ANNA)).await.unwrap();
    assert_eq!(format!("{:?}", given.unwrap()), format!("{stored:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_late_with_a_key_for_the_index_takes_the_one_that_is_there() {
    let world = World::start().await;
    let tokens = world.consent(ANNA).await;
    let late = world.instance();
    let mut gate = world.aws.faults().hold("DynamoDB.UpdateItem");
    let preparing = tokio::spawn({
        let vault = late.vault.clone();
        async move { vault.prepare().await }
    });
    gate.reached().await;
    world.instance().connect(ANNA, &tokens).await.unwrap();
    gate.release();
    preparing.await.unwrap();
    let prefix = tokens.refresh_token.unwrap().reveal().chars().take(TokenIdentifier::PREFIX_CHARACTERS).collect();
    let found = late.vault.find_by_token(&TokenIdentifier::Prefix(prefix), Deadline::after(PATIENCE)).await.unwrap();
    assert_eq!(found.unwrap().user_id, user_id(ANNA));
}
