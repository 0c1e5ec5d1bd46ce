//! Every crash of one operation on a connection, and then another.

use super::{
    actions::{Action, By, Event, Place, Point, Step, What},
    machine::Machine,
};

const CONNECT: What = What::Connect { prompt: false };
const RECONSENT: What = What::Connect { prompt: true };
const LIST: What = What::List(By::Backend);
const DISCONNECT: What = What::Disconnect(By::Backend);
const DELIVER: What = What::Deliver { back: 0 };
const OPERATIONS: [What; 5] = [CONNECT, RECONSENT, LIST, DISCONNECT, DELIVER];

/// The most calls that an operation can have; it has fewer, and the crash that never comes says so.
const MOST: usize = 60;

/// From where an operation begins: a user who is connected, has an access token that is over, and of whom Google has
/// written a security event; or for a first connection, one who is not connected.
async fn prepare(machine: &Machine, first: What) {
    machine.step(&Step::Do(Action::first(CONNECT))).await;
    if matches!(first, What::Connect { prompt: false }) {
        machine.step(&Step::Do(Action::first(DISCONNECT))).await;
    }
    machine.step(&Step::Pass { minutes: 60 }).await;
    machine.step(&Step::Do(Action::first(What::Write(Event::TokensRevoked)))).await;
}

/// Crashes the first operation at each of its calls, each carried out or not, and then runs each of the others.
async fn crash_everywhere(first: What) {
    for (place, carried_out) in [(Place::Aws, false), (Place::Aws, true), (Place::Google, false), (Place::Google, true)]
    {
        let machine = Machine::start().await;
        for second in OPERATIONS {
            let crashes = crash_each(&machine, first, second, |nth| Point { place, nth, carried_out }).await;
            assert!((1..MOST).contains(&crashes), "{place:?} is called {crashes} times");
        }
        machine.check_table();
    }
}

/// Gives how many crashes there were.
async fn crash_each(machine: &Machine, first: What, second: What, point: impl Fn(usize) -> Point) -> usize {
    for nth in 1..=MOST {
        prepare(machine, first).await;
        // One that begins, so that it makes all the calls that there can be.
        machine.replace_instance(1).await;
        let crash = Step::Crash(Action { instance: 1, ..Action::first(first) }, point(nth));
        let crashed = machine.step(&crash).await;
        machine.step(&Step::Do(Action { instance: 2, ..Action::first(second) })).await;
        machine.settle(0).await;
        if !crashed {
            return nth - 1;
        }
    }
    MOST
}

#[tokio::test]
async fn a_first_connection_may_crash_at_any_call() {
    crash_everywhere(CONNECT).await;
}

#[tokio::test]
async fn a_second_consent_may_crash_at_any_call() {
    crash_everywhere(RECONSENT).await;
}

#[tokio::test]
async fn a_listing_that_refreshes_may_crash_at_any_call() {
    crash_everywhere(LIST).await;
}

#[tokio::test]
async fn a_disconnection_may_crash_at_any_call() {
    crash_everywhere(DISCONNECT).await;
}

#[tokio::test]
async fn a_security_event_may_crash_at_any_call() {
    crash_everywhere(DELIVER).await;
}
