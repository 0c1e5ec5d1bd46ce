//! A warm instance asks Gmail while it asks the table whether the connection stands: nothing leaves before the table has
//! answered, and nothing that it does not allow.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join;
use local::{
    aws::{AwsFault, Effect as AwsEffect, Gate},
    google::{Decision, Effect, Endpoint},
};
use tests::{
    PATIENCE,
    answer::Answer,
    event::Event,
    world::{ANNA, DAVID, World, sub},
};

use super::{connected, ids, list, listing, mailbox_of, of, pages_asked, problem};

/// A world whose instance has listed Anna's messages.
async fn warm() -> World {
    let world = connected().await;
    listing(&list(&world, "").await);
    world
}

fn hold_the_table(world: &World) -> Gate {
    world.aws.faults().hold("DynamoDB.GetItem")
}

fn asked(world: &World) -> usize {
    world.google.calls(Endpoint::List)
}

/// Waits until Gmail was asked for a page once more.
async fn until_gmail_is_asked(world: &World, before: usize) {
    let asked = async {
        while asked(world) == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("Gmail was not asked while the table was");
}

/// What an instance answers that asks Gmail while something happens before the table answers.
async fn meanwhile(world: &World, event: Event, happens: impl AsyncFnOnce()) -> Answer {
    let (mut table, before) = (hold_the_table(world), asked(world));
    let in_between = async {
        table.reached().await;
        until_gmail_is_asked(world, before).await;
        happens().await;
        table.release();
    };
    join(world.instance.send(&event), in_between).await.0
}

#[tokio::test]
async fn a_warm_instance_asks_gmail_beside_the_table_and_each_once() {
    let world = warm().await;
    let reads = world.aws.faults().calls("DynamoDB.GetItem");
    let (before, pages) = (asked(&world), pages_asked(&world).len());
    let answer = meanwhile(&world, of(ANNA, "maxResults=3&q=from:x"), async || {}).await;
    listing(&answer);
    assert_eq!(answer.header("x-gmail-quota-units"), Some("5"));
    assert_eq!((asked(&world), world.aws.faults().calls("DynamoDB.GetItem")), (before + 1, reads + 1));
    let parameters: BTreeMap<_, _> = pages_asked(&world).swap_remove(pages).into_iter().collect();
    assert_eq!((parameters["maxResults"].as_str(), parameters["q"].as_str()), ("3", "from:x"));
}

#[tokio::test]
async fn every_page_and_every_format_is_what_a_cold_instance_lists() {
    let world = mailbox_of(620).await;
    for query in ["", "maxResults=7", "maxResults=501", "format=minimal&maxResults=20", "format=full&maxResults=3"] {
        let cold = listing(&world.another_instance().await.send(&of(ANNA, query)).await);
        listing(&list(&world, query).await);
        let warm = listing(&list(&world, query).await);
        assert_eq!(ids(&warm), ids(&cold), "{query}");
        let Some(next) = cold["nextPageToken"].as_str() else { continue };
        let query = format!("{query}&pageToken={next}");
        let cold = listing(&world.another_instance().await.send(&of(ANNA, &query)).await);
        assert_eq!(ids(&listing(&list(&world, &query).await)), ids(&cold), "{query}");
    }
}

#[tokio::test]
async fn a_connection_that_was_deleted_meanwhile_lists_nothing() {
    let world = warm().await;
    let other = world.another_instance().await;
    let deleted = async || {
        let delete = Event::delete(&format!("/users/{}/connection", sub(ANNA))).iam();
        assert_eq!(other.send(&delete).await.status(), 200);
    };
    let answer = meanwhile(&world, of(ANNA, ""), deleted).await;
    problem(&answer, 404, "connection_not_found");
    assert_eq!(answer.header("x-gmail-quota-units"), Some("5"), "Gmail was asked all the same");
    let before = asked(&world);
    problem(&list(&world, "").await, 404, "connection_not_found");
    assert_eq!(asked(&world), before, "but not again");
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_lists_nothing() {
    let world = warm().await;
    let ended = async || {
        world.change_connection(ANNA, |row| row["sessions_valid_after"]["S"] = "2100-01-01T00:00:00Z".into());
    };
    let answer = meanwhile(&world, world.visitor.event("/messages"), ended).await;
    problem(&answer, 401, "session_required");
}

#[tokio::test]
async fn where_the_table_says_no_nobody_waits_for_gmail() {
    let world = warm().await;
    world.change_connection(ANNA, |row| row["status"]["S"] = "revoked".into());
    world.google.faults().inject_times(Endpoint::List, 1, Effect::Hang(PATIENCE * 2));
    let unhurried = meanwhile(&world, of(ANNA, ""), async || {});
    let answer = tokio::time::timeout(PATIENCE, unhurried).await.expect("an answer before Gmail's");
    problem(&answer, 401, "reauthorization_required");
}

#[tokio::test]
async fn while_the_table_fails_nothing_leaves() {
    let world = warm().await;
    let before = asked(&world);
    world.aws.faults().fail("DynamoDB", AwsFault::always(AwsEffect::Status(500)));
    problem(&list(&world, "").await, 503, "unavailable");
    assert!(asked(&world) > before);
}

#[tokio::test]
async fn a_token_that_is_no_longer_the_shared_one_is_asked_with_in_vain() {
    let world = warm().await;
    let consented = world.consent(&world.visitor.begin("prompt=consent").await, &Decision::all(ANNA));
    let visitor = world.visitor.duplicate().at(&world.another_instance().await);
    assert_eq!(visitor.get(&consented).await.status(), 200);
    let before = asked(&world);
    let answer = list(&world, "").await;
    listing(&answer);
    assert_eq!(asked(&world), before + 2, "once with each token");
    assert_eq!(answer.header("x-gmail-quota-units"), Some("10"));
    listing(&list(&world, "").await);
    assert_eq!(asked(&world), before + 3, "now with the new one alone");
}

#[tokio::test]
async fn one_users_page_is_never_anothers() {
    let world = warm().await;
    world.connect(DAVID).await;
    let (anna, david) =
        (ids(&listing(&list(&world, "").await)), ids(&listing(&world.instance.send(&of(DAVID, "")).await)));
    assert!(!anna.is_empty() && !david.is_empty() && anna != david);
    for _ in 0..2 {
        assert_eq!(ids(&listing(&world.instance.send(&of(DAVID, "")).await)), david);
        assert_eq!(ids(&listing(&list(&world, "").await)), anna);
    }
}

#[tokio::test]
async fn without_a_token_at_hand_gmail_is_asked_after_the_table() {
    let world = warm().await;
    for (why, wait) in [("the data key is forgotten", 301), ("the token is in its last minutes", 3_300)] {
        world.clock.advance(Duration::from_secs(wait));
        let (mut table, before) = (hold_the_table(&world), asked(&world));
        let look = async {
            table.reached().await;
            let asked = asked(&world);
            table.release();
            asked
        };
        let (answer, asked) = join(list(&world, ""), look).await;
        listing(&answer);
        assert_eq!(asked, before, "{why}");
    }
}
