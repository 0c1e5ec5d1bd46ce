//! Random histories.

use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};

use super::{
    actions::{Action, By, Event, INSTANCES, Place, Point, Step, USERS, What},
    machine::Machine,
};

fn by() -> impl Strategy<Value = By> {
    prop_oneof![Just(By::Backend), Just(By::Browser)]
}

fn what() -> impl Strategy<Value = What> {
    let event = prop_oneof![
        Just(Event::AccountDisabled),
        Just(Event::SessionsRevoked),
        Just(Event::TokenRevoked),
        Just(Event::TokensRevoked)
    ];
    prop_oneof![
        5 => any::<bool>().prop_map(|prompt| What::Connect { prompt }),
        5 => by().prop_map(What::List),
        3 => by().prop_map(What::Disconnect),
        2 => any::<bool>().prop_map(|told| What::RemoveAtGoogle { told }),
        2 => event.prop_map(What::Write),
        3 => (0..4_usize).prop_map(|back| What::Deliver { back }),
    ]
}

/// Mostly of the first user, so that things meet.
fn action() -> impl Strategy<Value = Action> {
    let user = prop_oneof![4 => Just(0), 1 => 1..USERS.len()];
    (user, 0..INSTANCES, what()).prop_map(|(user, instance, what)| Action { user, instance, what })
}

fn point() -> impl Strategy<Value = Point> {
    let place = prop_oneof![(Just(Place::Aws), 1..12_usize), (Just(Place::Google), 1..5_usize)];
    (place, any::<bool>()).prop_map(|((place, nth), carried_out)| Point { place, nth, carried_out })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => action().prop_map(Step::Do),
        3 => (action(), point()).prop_map(|(action, point)| Step::Crash(action, point)),
        3 => (action(), point(), prop::collection::vec(action(), 1..3))
            .prop_map(|(action, point, others)| Step::Race(action, point, others)),
        2 => prop_oneof![Just(0), Just(10), 55..70_u64].prop_map(|minutes| Step::Pass { minutes }),
    ];
    prop::collection::vec(step, 1..20)
}

/// The histories are the same each time, so that a failure is of the change; `INTERLEAVINGS_SEED` tries others.
const SEED: u64 = 20_261_122;

#[test]
fn whatever_comes_between_what_every_connection_works_or_says_why_it_does_not() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let seed = std::env::var("INTERLEAVINGS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let config = ProptestConfig {
        cases: 25,
        max_shrink_iters: 300,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Default::default()
    };
    let outcome = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async { Machine::start().await.run(&steps).await });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
