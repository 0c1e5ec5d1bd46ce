//! A disconnection that breaks off at any call: the connection works as before, or never again.

use local::aws::When;
use tests::world::{ANNA, World};

use super::*;

/// Ends a disconnection at its `nth` call to AWS.
async fn crash(world: &World, nth: u64, when: When) {
    let (instance, event) = disconnection(world).await;
    let mut point = world.aws.faults().stop_at(nth, when);
    tokio::select! {
        () = point.reached() => {}
        answer = instance.send(&event) => panic!("no call {nth}: {}", answer.body()),
    }
}

#[tokio::test]
async fn after_a_crash_at_any_call_nothing_happened_or_the_access_is_over_and_a_repeat_finishes() {
    let steps = u64::try_from(STEPS.len()).unwrap();
    for nth in 1..=steps {
        for when in [When::Before, When::After] {
            let world = connected().await;
            let row = world.connection(ANNA);
            crash(&world, nth, when).await;
            let place = format!("{when:?} call {nth}");
            // The second call is the mark, the last one the deletion.
            let (is_marked, is_gone) = ((nth, when == When::After) >= (2, true), (nth, when) == (steps, When::After));
            let stored = world.connection(ANNA);
            if is_marked {
                assert_eq!(stored.is_none(), is_gone, "{place}");
                assert_eq!(stored.map_or("revoked".into(), |item| item["status"]["S"].clone()), "revoked", "{place}");
            } else {
                assert_eq!(stored, row, "{place}");
            }
            assert_eq!(gives_access(&world, ANNA).await, !is_marked, "{place}");
            let (instance, event) = disconnection(&world).await;
            let answer = instance.send(&event).await;
            if is_gone {
                problem(&answer, 404, "connection_not_found");
            } else {
                assert_disconnected(&answer, true);
            }
            assert_gone(&world, ANNA);
            assert_eq!(living_refresh_tokens(&world).await, 0, "{place}");
        }
    }
}

#[tokio::test]
async fn after_a_crash_at_any_call_a_new_consent_connects_again() {
    for nth in 2..=u64::try_from(STEPS.len()).unwrap() {
        for when in [When::Before, When::After] {
            let world = connected().await;
            crash(&world, nth, when).await;
            // Whoever was disconnected by half is asked for consent once more, unasked.
            let location = world.consent(&world.visitor.begin("").await, &local::google::Decision::all(ANNA));
            let answer = world.callback(&location).await;
            if answer.status() == 303 {
                let again = world.visitor.get(answer.header("location").unwrap()).await;
                let location = world.consent(again.header("location").unwrap(), &local::google::Decision::all(ANNA));
                assert_eq!(world.callback(&location).await.status(), 200);
            } else if nth == 2 && when == When::Before {
                assert_eq!(answer.status(), 200, "nothing had happened");
            } else {
                // What Google had ended already is consented to as if for the first time.
                assert_eq!(answer.status(), 200, "{}", answer.body());
                assert!(nth > 3);
            }
            assert!(gives_access(&world, ANNA).await, "{when:?} call {nth}");
            assert_eq!(index(&world, ANNA).len(), 2, "{when:?} call {nth}");
        }
    }
}

#[tokio::test]
async fn sessions_of_before_a_broken_off_disconnection_do_not_open_what_is_connected_next() {
    let world = connected().await;
    let old = world.visitor.duplicate();
    // Right after the mark.
    crash(&world, 2, When::After).await;
    assert_eq!(old.get("/connection").await.status(), 200, "the person may repeat the disconnection");
    world.clock.advance(std::time::Duration::from_secs(1));
    let new = consent_again(&world).await;
    assert_eq!(new.get("/connection").await.status(), 200);
    problem(&old.get("/connection").await, 401, "session_required");
}

#[tokio::test]
async fn a_connection_that_had_ended_by_itself_says_who_disconnected_it() {
    let world = connected().await;
    world.google.revoke(&tests::world::sub(ANNA));
    world.google.expire_access_tokens(&tests::world::sub(ANNA));
    assert!(!gives_access(&world, ANNA).await);
    assert_eq!(world.attribute(ANNA, "status_reason").as_deref(), Some("invalid_grant"));
    crash(&world, u64::try_from(STEPS.len()).unwrap(), When::Before).await;
    let reason = world.attribute(ANNA, "status_reason").unwrap();
    assert!(reason.starts_with("disconnected"), "{reason}");
}
