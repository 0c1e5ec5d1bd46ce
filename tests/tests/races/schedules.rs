//! Schedules: so many ways through the model that together they take every step of it.

use std::{collections::HashMap, hash::Hash};

use stateright::Model;

use super::{
    model::{Action, Races},
    state::State,
};

/// A way through the model, from its beginning to where nothing more can happen.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) start: State,
    pub(super) actions: Vec<Action>,
}

/// Everything that can happen from one beginning on.
struct Graph {
    states: Vec<State>,
    /// By state: what can happen, and where it leads.
    steps: Vec<Vec<(Action, usize)>>,
    /// The states, each after all that it leads to.
    backwards: Vec<usize>,
}

/// Ways that together take every step, as far as the sight of it is a new one. Always the same, in the same order.
pub(super) fn covering<S: Eq + Hash>(
    races: &Races,
    start: State,
    sight: impl Fn(&State, Action) -> S,
) -> Vec<Schedule> {
    let graph = Graph::of(races, start);
    let mut places = HashMap::new();
    let mut place = |sight| {
        let next = places.len();
        *places.entry(sight).or_insert(next)
    };
    let of_state =
        |(at, state): (usize, &State)| graph.steps[at].iter().map(|(action, _)| place(sight(state, *action))).collect();
    let sights: Vec<Vec<usize>> = graph.states.iter().enumerate().map(of_state).collect();
    let mut is_new = vec![true; places.len()];
    let mut schedules = Vec::new();
    while is_new.contains(&true) {
        let way = graph.newest_way(|at, step| is_new[sights[at][step]]);
        for (at, step) in &way {
            is_new[sights[*at][*step]] = false;
        }
        let actions = way.iter().map(|(at, step)| graph.steps[*at][*step].0).collect();
        schedules.push(Schedule { start: graph.states[0].clone(), actions });
    }
    schedules
}

impl Graph {
    fn of(races: &Races, start: State) -> Self {
        let mut known = HashMap::from([(start.clone(), 0)]);
        let (mut states, mut steps) = (vec![start], Vec::<Vec<_>>::new());
        while steps.len() < states.len() {
            let mut from_here = Vec::new();
            for (action, next) in races.next_steps(&states[steps.len()]) {
                let at = *known.entry(next.clone()).or_insert_with(|| {
                    states.push(next);
                    states.len() - 1
                });
                from_here.push((action, at));
            }
            steps.push(from_here);
        }
        let mut graph = Self { states, steps, backwards: Vec::new() };
        graph.backwards = graph.sorted();
        graph
    }

    /// The states, each after all that it leads to. There are no circles: every step is progress.
    fn sorted(&self) -> Vec<usize> {
        let (mut sorted, mut entered) = (Vec::new(), vec![false; self.states.len()]);
        let mut open = vec![(0, 0)];
        entered[0] = true;
        while let Some((at, step)) = open.pop() {
            let Some((_, next)) = self.steps[at].get(step) else {
                sorted.push(at);
                continue;
            };
            open.push((at, step + 1));
            if !std::mem::replace(&mut entered[*next], true) {
                open.push((*next, 0));
            }
        }
        sorted
    }

    /// The way from the beginning with the most steps that are new; each as a state and the step from there.
    fn newest_way(&self, is_new: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
        let mut best = vec![(0_usize, None); self.states.len()];
        for at in &self.backwards {
            for (step, (_, next)) in self.steps[*at].iter().enumerate() {
                let news = best[*next].0 + usize::from(is_new(*at, step));
                if best[*at].1.is_none() || news > best[*at].0 {
                    best[*at] = (news, Some(step));
                }
            }
        }
        let mut way = Vec::new();
        let mut at = 0;
        while let Some(step) = best[at].1 {
            way.push((at, step));
            at = self.steps[at][step].1;
        }
        way
    }
}
