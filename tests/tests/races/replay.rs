//! The functions, taken through the model's schedules.

use std::time::Instant;

use futures_util::future::join_all;

use super::{
    comparison::{Names, call_at, check_answer, check_google},
    exploration::{CONSENT, DISCONNECT, EVENT, LIST},
    model::{Action, Races, Start},
    schedules::{Schedule, covering},
    stage::{PUT, Stage, Stand},
    state::{At, Instance, State, What},
};

/// Plays a schedule, and compares after every step.
async fn play(stage: &mut Stage, races: &Races, start: Start, schedule: &Schedule) {
    stage.set(start);
    let (mut state, mut names) = (schedule.start.clone(), Names::default());
    names.check_table(&stage.world, &state);
    for action in &schedule.actions {
        let next = races.after(&state, *action).unwrap();
        match *action {
            Action::Call(i) => call(stage, i, state.instances[i].at, &next).await,
            Action::Kill(i) => stage.kill(i),
            Action::LeasesEnd => stage.end_leases(),
            Action::Remove => stage.remove(),
        }
        names.check_table(&stage.world, &next);
        state = next;
    }
    check_google(&stage.world, &state);
    check_newcomer(stage, races, state).await;
}

/// An instance makes its next call, and comes to where the model says.
async fn call(stage: &mut Stage, i: usize, at: At, next: &State) {
    let Instance { what, at: expected, .. } = next.instances[i];
    let mut stand = match stage.has_begun(i) {
        false => stage.begin(i, what).await,
        true => Stand::Before(stage.call_of(i).unwrap()),
    };
    if at != At::Exchange {
        let before = call_at(at);
        assert!(matches!(stand, Stand::Before(call) if Some(call) == before), "{i} is at {stand:?}, not {at:?}");
        stand = stage.let_on(i).await;
    }
    // The event is remembered before it is answered.
    if matches!((what, &stand), (What::Event(_), Stand::Before(PUT))) {
        stand = stage.let_on(i).await;
    }
    match (&stand, expected) {
        (Stand::Answered(response), At::Done(answer)) => check_answer(response, answer),
        (Stand::Before(call), _) if Some(*call) == call_at(expected) => {}
        _ => panic!("{i} comes to {stand:?}, not {expected:?}"),
    }
}

/// Beyond the life of a lease, whoever comes is served as the model says.
async fn check_newcomer(stage: &mut Stage, races: &Races, state: State) {
    let (answer, state) = races.newcomer(&state, 0);
    stage.end_leases();
    check_answer(&stage.newcomer(0).await, answer.unwrap());
    Names::default().check_table(&stage.world, &state);
}
#[tokio::test]
async fn try_it() {
    let mut stage = Stage::build(3).await;
    let began = Instant::now();
    let (mut n, mut m) = (0, 0);
    for start in [Start::Connected, Start::Removed, Start::Absent] {
        let races = Races::between(2, &[LIST, CONSENT, DISCONNECT, EVENT], &[start]);
        for (start, whats) in &races.starts {
            let all = covering(&races, races.state(*start, whats), |state, action| (state.clone(), action));
            println!("{start:?} {whats:?} {}", all.len());
            for schedule in &all {
                println!("{:?}", schedule.actions);
                play(&mut stage, &races, *start, schedule).await;
                n += 1; m += schedule.actions.len();
            }
            println!("{n} {m} {:?}", began.elapsed());
        }
    }
}
