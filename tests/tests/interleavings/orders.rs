//! Every point at which one operation on a connection can stand still while others happen.

use super::{
    actions::{Action, By, Event, Place, Point, Step, What},
    machine::Machine,
};

const CONNECT: What = What::Connect { prompt: false };
const RECONSENT: What = What::Connect { prompt: true };
const LIST: What = What::List(By::Backend);
const DISCONNECT: What = What::Disconnect(By::Backend);
const REMOVE: What = What::RemoveAtGoogle { told: false };
const DELIVER: What = What::Deliver { back: 0 };

/// The operation stands still at each of its calls while the others happen, on a connection that has to be refreshed.
async fn halt_everywhere(first: What, others: &[What]) {
    for place in [Place::Aws, Place::Google] {
        let machine = Machine::start().await;
        for nth in 1.. {
            machine.step(&Step::Do(Action::first(CONNECT))).await;
            machine.step(&Step::Do(Action::first(What::Write(Event::TokensRevoked)))).await;
            machine.step(&Step::Pass { minutes: 60 }).await;
            let others = others.iter().map(|what| Action { instance: 1, ..Action::first(*what) }).collect();
            let point = Point { place, nth, carried_out: true };
            let reached = machine.step(&Step::Race(Action::first(first), point, others)).await;
            machine.settle(0).await;
            if !reached {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_consent_that_is_slow_to_be_stored_does_not_replace_a_newer_one_after_the_user_removed_the_access() {
    halt_everywhere(RECONSENT, &[REMOVE, CONNECT]).await;
}

#[tokio::test]
async fn a_consent_that_is_slow_to_be_stored_does_not_replace_a_newer_one_after_a_disconnection() {
    halt_everywhere(RECONSENT, &[DISCONNECT, CONNECT]).await;
}

#[tokio::test]
async fn of_two_consents_at_once_one_is_kept_and_works() {
    halt_everywhere(RECONSENT, &[RECONSENT]).await;
    halt_everywhere(CONNECT, &[RECONSENT]).await;
}

#[tokio::test]
async fn a_listing_sees_whatever_happens_meanwhile() {
    for others in [&[RECONSENT][..], &[DISCONNECT], &[REMOVE, CONNECT], &[DISCONNECT, CONNECT], &[DELIVER, CONNECT]] {
        halt_everywhere(LIST, others).await;
    }
}

#[tokio::test]
async fn a_disconnection_ends_whatever_happens_meanwhile() {
    for others in [&[RECONSENT][..], &[LIST], &[DISCONNECT], &[DELIVER]] {
        halt_everywhere(DISCONNECT, others).await;
    }
}

#[tokio::test]
async fn an_old_event_does_not_end_a_consent_that_is_given_while_it_is_acted_on() {
    halt_everywhere(DELIVER, &[RECONSENT]).await;
}

/// Its second call reads what the first one read, to mark it revoked; by then there is another consent.
#[tokio::test]
async fn a_disconnection_that_finds_a_newer_consent_leaves_that_alone_also_at_google() {
    let machine = Machine::start().await;
    machine.step(&Step::Do(Action::first(CONNECT))).await;
    let point = Point { place: Place::Aws, nth: 2, carried_out: true };
    let others = vec![Action { instance: 1, ..Action::first(RECONSENT) }];
    assert!(machine.step(&Step::Race(Action::first(DISCONNECT), point, others)).await);
    assert!(machine.is_active(0));
    assert!(machine.live_refresh_token(0).is_some(), "what is stored as active is dead at Google");
}
