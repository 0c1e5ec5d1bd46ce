//! A user consents again while the connection is ended: the newer refresh token stands, and nothing old comes back.

use local::google::Decision;
use serde_json::Value;
use tests::world::{ANNA, Visitor, World};

use super::*;

/// The steps after which a connection that was read is no longer the one that is there.
const AFTER_THE_READ: [(&str, usize); 3] = [STEPS[1], STEPS[2], STEPS[3]];

fn sealed(world: &World) -> Option<Value> {
    world.connection(ANNA).map(|item| item["refresh_token"].clone())
}

/// Disconnects, and has the user consent again at that step. Gives the answer and the newer connection.
async fn disconnect_meeting_consent(world: &World, step: (&str, usize)) -> (Answer, Value, Visitor) {
    let newer = std::cell::OnceCell::new();
    let again = async {
        world.clock.advance(std::time::Duration::from_secs(1));
        let visitor = consent_again(world).await;
        assert!(newer.set((world.connection(ANNA).unwrap(), visitor)).is_ok());
    };
    let answer = interrupted(world, disconnection(world).await, step, again).await;
    let (row, visitor) = newer.into_inner().unwrap();
    (answer, row, visitor)
}

#[tokio::test]
async fn a_consent_before_the_connection_is_read_is_ended_with_it() {
    let world = connected().await;
    let (answer, ..) = disconnect_meeting_consent(&world, STEPS[0]).await;
    assert_disconnected(&answer, true);
    assert_gone(&world, ANNA);
}

#[tokio::test]
async fn a_newer_connection_stays_stored_as_it_is_and_its_browser_signed_in() {
    for step in AFTER_THE_READ {
        let world = connected().await;
        let (answer, newer, visitor) = disconnect_meeting_consent(&world, step).await;
        assert!(told(&answer)["revoked_at_google"].is_boolean());
        assert_eq!(answer.cookies().count(), 0, "{step:?}");
        assert_eq!(world.connection(ANNA), Some(newer), "{step:?}");
        assert_eq!(index(&world, ANNA).len(), 2, "{step:?}");
        assert_eq!(told(&visitor.get("/connection").await)["status"], "active", "{step:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_minted_after_google_was_asked_works() {
    for step in STEPS.into_iter().skip(3) {
        let world = connected().await;
        let (answer, ..) = disconnect_meeting_consent(&world, step).await;
        assert_disconnected(&answer, true);
        assert!(gives_access(&world, ANNA).await, "{step:?}");
    }
}

#[tokio::test]
async fn a_consent_that_takes_the_connections_place_before_the_end_begins_is_not_revoked_at_google() {
    let world = connected().await;
    disconnect_meeting_consent(&world, STEPS[1]).await;
    world.clock.advance(std::time::Duration::from_hours(1));
    assert!(gives_access(&world, ANNA).await, "the newer grant was ended at Google with the old one");
}

/// A browser at a cold instance that comes back from Google.
async fn coming_back(world: &World, query: &str) -> (Arc<Instance>, Event) {
    let visitor = world.visitor();
    let location = world.consent(&visitor.begin(query).await, &Decision::all(ANNA));
    (world.another_instance().await, visitor.event(&location))
}

/// Every call to AWS of a callback with a new refresh token at a cold instance, as far as gates know them.
const OF_A_CONSENT: [(&str, usize); 5] = [
    ("DynamoDB.GetItem", 1),
    ("DynamoDB.GetItem", 2),
    ("KMS.GenerateDataKey", 1),
    ("KMS.Decrypt", 1),
    ("DynamoDB.TransactWriteItems", 1),
];

#[tokio::test]
async fn a_consent_that_a_disconnection_overtakes_is_stored_anew() {
    for step in OF_A_CONSENT {
        let world = connected().await;
        let old = sealed(&world);
        let end = async { assert_disconnected(&world.instance.send(&ended(ANNA)).await, true) };
        let answer = interrupted(&world, coming_back(&world, "prompt=consent").await, step, end).await;
        // Where the code was not redeemed yet, Google ended it with the grant.
        if answer.status() == 400 {
            assert!(answer.body().contains("code"), "{step:?}: {}", answer.body());
            assert_gone(&world, ANNA);
            continue;
        }
        assert_eq!(answer.status(), 200, "{step:?}: {}", answer.body());
        assert_ne!(sealed(&world), old, "{step:?}");
        assert_eq!(world.attribute(ANNA, "status").unwrap(), "active", "{step:?}");
        assert_eq!(index(&world, ANNA).len(), 2, "{step:?}");
        // Google may have ended it with the old one; then whoever uses it is told, and a new consent connects.
        world.clock.advance(std::time::Duration::from_hours(1));
        let used = world.instance.send(&messages(ANNA)).await;
        if used.status() != 200 {
            problem(&used, 401, "reauthorization_required");
            consent_again(&world).await;
        }
        assert!(gives_access(&world, ANNA).await, "{step:?}");
        assert_eq!(index(&world, ANNA).len(), 2, "{step:?}");
    }
}

#[tokio::test]
async fn a_sign_in_that_a_disconnection_overtakes_does_not_bring_the_connection_back() {
    // The first of each is for the index, which a sign-in does not wait for.
    for step in [("DynamoDB.GetItem", 2), ("KMS.Decrypt", 2), ("DynamoDB.TransactWriteItems", 1)] {
        let world = connected().await;
        let end = async { assert_disconnected(&world.instance.send(&ended(ANNA)).await, true) };
        let answer = interrupted(&world, coming_back(&world, "").await, step, end).await;
        assert_eq!(answer.cookie_value(SESSION), None, "{step:?}");
        assert!([303, 400].contains(&answer.status()), "{step:?}: {} {}", answer.status(), answer.body());
        if let Some(location) = answer.header("location") {
            assert!(location.starts_with("/authorize?") || location.contains("/authorize?"), "{location}");
            assert!(location.contains("prompt=consent"), "{location}");
        }
        assert_gone(&world, ANNA);
    }
}

#[tokio::test]
async fn a_code_from_before_the_disconnection_brings_nothing_back() {
    for query in ["", "prompt=consent"] {
        let world = connected().await;
        let (instance, event) = coming_back(&world, query).await;
        assert_disconnected(&world.instance.send(&ended(ANNA)).await, true);
        assert_eq!(instance.send(&event).await.status(), 400);
        assert_gone(&world, ANNA);
    }
}
