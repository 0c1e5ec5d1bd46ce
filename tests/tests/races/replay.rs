//! The functions, taken through the model's schedules.

use std::{
    mem::{Discriminant, discriminant},
    sync::Mutex,
    thread,
};

use futures_util::future::join_all;

use super::{
    comparison::{Names, call_at, check_answer, check_google},
    exploration::{LIST, OPERATIONS, OTHERS_CONSENT, OTHERS_LIST, STARTS},
    model::{Action, Races, Start},
    schedules::{Schedule, covering},
    stage::{PUT, Stage, Stand},
    state::{At, Instance, Lease, Row, State, Status, What},
    table::Fence,
};

/// How many stages there are at once.
const STAGES: usize = 3;

/// What is looked at in a step: two that look the same need not both be taken.
#[derive(Eq, Hash, PartialEq)]
enum Sight {
    Whole(State, Action),
    Call(usize, Discriminant<At>, [Option<Situation>; 2]),
    End(usize, Discriminant<At>, Option<(Status, Option<bool>)>),
    Other(Action, [Option<Situation>; 2]),
    Nothing,
}

/// A row, as far as it matters who comes: its status, and its lease, whose it is and whether it is over.
type Situation = (Status, Option<(usize, bool)>);

impl Sight {
    /// Who does what, in which situation.
    fn of(state: &State, action: Action) -> Self {
        match action {
            Action::Call(i) | Action::Kill(i) => Self::call(state, i),
            Action::LeasesEnd | Action::Remove => Self::Other(action, situations(state)),
        }
    }

    fn call(state: &State, i: usize) -> Self {
        Self::Call(i, discriminant(&state.instances[i].at), situations(state))
    }

    /// Who ends where, and what lies in the row then.
    fn end(state: &State, i: usize) -> Self {
        let row = state.rows[0].map(|row| (row.status, row.lease.map(Lease::is_over)));
        Self::End(i, discriminant(&state.instances[i].at), row)
    }
}

fn situations(state: &State) -> [Option<Situation>; 2] {
    let lease = |row: &Row| row.lease.map(|lease| (lease.owner, lease.is_over()));
    state.rows.map(|row| row.map(|row| (row.status, lease(&row))))
}

/// Plays a schedule, and compares after every step.
async fn play(real: &mut Stage, races: &Races, start: Start, schedule: &Schedule) {
    real.set(start);
    let (mut state, mut names) = (schedule.start.clone(), Names::default());
    names.check_table(&real.world, &state);
    for action in &schedule.actions {
        let next = races.after(&state, *action).unwrap();
        match *action {
            Action::Call(i) => call(real, i, state.instances[i].at, &next).await,
            Action::Kill(i) => real.kill(i),
            Action::LeasesEnd => real.end_leases(),
            Action::Remove => real.remove(),
        }
        names.check_table(&real.world, &next);
        state = next;
    }
    check_google(&real.world, &state);
    check_newcomer(real, races, state).await;
}

/// An instance makes its next call, and comes to where the model says.
async fn call(real: &mut Stage, i: usize, at: At, next: &State) {
    let Instance { what, at: expected, .. } = next.instances[i];
    let mut stand = match real.call_of(i) {
        Some(call) => Stand::Before(call),
        None => real.begin(i, what).await,
    };
    if at != At::Exchange {
        let before = call_at(at);
        assert!(matches!(stand, Stand::Before(call) if Some(call) == before), "{i} is at {stand:?}, not {at:?}");
        stand = real.let_on(i).await;
    }
    // The event is remembered before it is answered.
    if matches!((what, &stand), (What::Event(_), Stand::Before(PUT))) {
        stand = real.let_on(i).await;
    }
    match (&stand, expected) {
        (Stand::Answered(response), At::Done(answer)) => check_answer(response, answer),
        (Stand::Before(call), _) if Some(*call) == call_at(expected) => {}
        _ => panic!("{i} comes to {stand:?}, not {expected:?}"),
    }
}

/// Beyond the life of a lease, whoever comes is served as the model says.
async fn check_newcomer(real: &mut Stage, races: &Races, state: State) {
    let (answer, state) = races.newcomer(&state, 0);
    real.end_leases();
    check_answer(&real.newcomer(0).await, answer.unwrap());
    Names::default().check_table(&real.world, &state);
}

/// Plays the schedules on several stages at once, for much of the time is waiting; how many there were.
async fn play_all(races: &Races, sight: impl Fn(&State, Action) -> Sight) -> usize {
    let all = races.starts.iter().flat_map(|(start, whats)| {
        let schedules = covering(races, races.state(*start, whats), &sight);
        schedules.into_iter().map(|schedule| (*start, schedule))
    });
    let all: Vec<_> = all.collect();
    let next = Mutex::new(all.iter());
    let stages = (0..STAGES).map(|_| async {
        let mut real = Stage::build(races.instances()).await;
        loop {
            let Some((start, schedule)) = next.lock().unwrap().next() else { return };
            let _told = Told(*start, schedule);
            play(&mut real, races, *start, schedule).await;
        }
    });
    join_all(stages).await;
    all.len()
}

/// Tells which schedule it was, if it comes to nothing good.
struct Told<'a>(Start, &'a Schedule);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let whats: Vec<_> = self.1.start.instances.iter().map(|instance| instance.what).collect();
            eprintln!("{:?}: {whats:?} {:?}", self.0, self.1.actions);
        }
    }
}

/// Every step that the model has for any two operations, from every state in which they can be.
#[tokio::test]
async fn two_instances_take_every_step_that_the_model_has_as_it_has_it() {
    let races = Races { crashes: 0, ..Races::between(2, &OPERATIONS, &STARTS) };
    let played = play_all(&races, |state, action| Sight::Whole(state.clone(), action)).await;
    assert!(played > 300, "{played}");
}

/// The same with a death at every call of either, in every situation of the row.
#[tokio::test]
async fn one_of_two_instances_may_be_killed_before_any_call() {
    let races = Races::between(2, &OPERATIONS, &[Start::Connected, Start::Absent]);
    let killed = |state: &State, action| match action {
        Action::Kill(i) => Sight::end(state, i),
        _ => Sight::Nothing,
    };
    let played = play_all(&races, killed).await;
    assert!(played > 100, "{played}");
}

/// Every call of any three operations, in every situation of the row.
#[tokio::test]
async fn three_instances_make_every_call_as_the_model_has_it_whatever_the_row_is_like() {
    let races = Races { crashes: 0, ..Races::between(3, &OPERATIONS, &[Start::Connected, Start::Absent]) };
    let played = play_all(&races, Sight::of).await;
    assert!(played > 200, "{played}");
}

/// Two operations, and a user who removes the access at Google at any time.
#[tokio::test]
async fn an_access_that_the_user_removes_at_google_meanwhile_ends_as_the_model_has_it() {
    let races = Races { crashes: 0, ..Races::between(2, &OPERATIONS, &[Start::Removable]) };
    let played = play_all(&races, Sight::of).await;
    assert!(played > 50, "{played}");
}

/// Somebody else at the same browser, and two accounts at once.
#[tokio::test]
async fn a_consent_of_another_account_becomes_that_accounts_connection() {
    let operations = [LIST, OTHERS_CONSENT, OTHERS_LIST];
    let races = Races { crashes: 0, ..Races::between(2, &operations, &[Start::Connected, Start::Absent]) };
    let played = play_all(&races, Sight::of).await;
    assert!(played > 20, "{played}");
}

/// The comparison would notice.
#[tokio::test]
#[should_panic(expected = "comes to")]
async fn a_model_without_a_fence_is_not_what_the_functions_do() {
    let races = Races { starts: vec![(Start::Connected, vec![LIST, LIST])], ..Races::between(2, &[LIST], &STARTS) };
    play_all(&races.without(&[Fence::ShareOwner]), Sight::of).await;
}
