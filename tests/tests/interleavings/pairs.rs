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
    if matches!(first, What::Connect { prompt: false }) {
        machine.step(&Step::Do(Action::first(DISCONNECT))).await;
    }
    machine.step(&Step::Pass { minutes: 60 }).await;
    machine.step(&Step::Do(Action::first(What::Write(Event::TokensRevoked)))).await;
}

/// Crashes the first operation after each of its calls, and then runs each of the others. A crash before a call leaves
/// behind what one after the call before it does, unless calls are made side by side: one of the others is enough then.
async fn crash_everywhere(first: What) {
    for place in [Place::Aws, Place::Google] {
        for (carried_out, others) in [(true, OPERATIONS.as_slice()), (false, &[LIST])] {
            for second in others {
                let machine = Machine::start().await;
                machine.step(&Step::Do(Action::first(CONNECT))).await;
                let crashes = crash_each(&machine, first, *second, |nth| Point { place, nth, carried_out }).await;
                assert!((1..MOST).contains(&crashes), "{place:?} is called {crashes} times");
                machine.check_table();
            }
        }
    }
}

/// Gives how many crashes there were. Each is of an instance that has just begun, so that it makes all the calls that
/// there can be.
async fn crash_each(machine: &Machine, first: What, second: What, point: impl Fn(usize) -> Point) -> usize {
    for nth in 1..=MOST {
        prepare(machine, first).await;
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
