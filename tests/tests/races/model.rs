//! Every order in which three instances can make their calls, with leases that end, instances that are killed, and a user
//! who removes the access at Google.

use stateright::{Model, Property};

use super::{
    event::OF_BEFORE,
    properties,
    state::{ACCOUNTS, Access, Answer, At, Google, Instance, Refresh, Row, Seen, State, Status, What},
    table::{Fence, Table},
};

/// The most calls of a listing that nobody disturbs.
const LONGEST: usize = 16;

/// What happens next.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Action {
    /// An instance makes its next call, and goes on to before the one after it.
    Call(usize),
    /// An instance is killed.
    Kill(usize),
    /// As much time passes as a lease lives.
    LeasesEnd,
    /// The first user removes the access at Google.
    Remove,
}

/// How things stand for the first account in the beginning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Start {
    /// It is connected, and its access token is over.
    Connected,
    /// So it is, and the user may remove the access at Google at any time.
    Removable,
    /// So it was, and the user has removed the access at Google.
    Removed,
    /// It is not connected.
    Absent,
}

/// Instances that do things to the connections, from some starts.
#[derive(Clone, Debug)]
pub(super) struct Races {
    pub(super) starts: Vec<(Start, Vec<What>)>,
    /// How many instances may be killed.
    pub(super) crashes: u8,
    pub(super) table: Table,
}

impl Races {
    /// Races between so many instances, each of which does one of these, from each start.
    pub(super) fn between(instances: usize, whats: &[What], starts: &[Start]) -> Self {
        let all = starts.iter().flat_map(|start| choices(whats, instances).into_iter().map(|chosen| (*start, chosen)));
        Self { starts: all.collect(), crashes: 1, table: Table(&[]) }
    }

    /// The same without some fences.
    pub(super) fn without(self, fences: &'static [Fence]) -> Self {
        Self { table: Table(fences), ..self }
    }

    /// How many instances there are at once.
    pub(super) fn instances(&self) -> usize {
        self.starts.iter().map(|(_, whats)| whats.len()).max().unwrap_or_default()
    }

    /// The state that it begins with.
    pub(super) fn state(&self, start: Start, whats: &[What]) -> State {
        let mut dead_below = [0; ACCOUNTS];
        dead_below[0] = u8::from(matches!(start, Start::Removed | Start::Absent)) * OF_BEFORE;
        let rows = [(start != Start::Absent).then(|| connected(0)), Some(connected(1))];
        State {
            rows,
            generations: [1; ACCOUNTS],
            google: Google { minted: OF_BEFORE, dead_below, asked: [0; 5] },
            instances: whats.iter().copied().map(Instance::new).collect(),
            crashes: self.crashes,
            may_remove: start == Start::Removable,
            ended: 0,
            harm: None,
        }
    }

    /// What comes of an action, if it can happen and changes anything.
    pub(super) fn after(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Call(i) => next.instances[i].at = self.call(&mut next, i)?,
            Action::Kill(i) => {
                next.crashes -= 1;
                next.instances[i].at = At::Dead;
            }
            Action::LeasesEnd => end_leases(&mut next),
            Action::Remove => {
                next.may_remove = false;
                next.google.end(0);
            }
        }
        Some(next)
    }

    /// What somebody is answered who lists the messages once the time of a lease has passed, while all others stand still;
    /// and what there is then. No answer: it is blocked.
    pub(super) fn newcomer(&self, state: &State, account: usize) -> (Option<Answer>, State) {
        let mut state = state.clone();
        end_leases(&mut state);
        let newcomer = state.instances.len();
        state.instances.push(Instance::new(What::List(account)));
        for _ in 0..LONGEST {
            match self.after(&state, Action::Call(newcomer)) {
                Some(next) => state = next,
                None => break,
            }
            if let At::Done(answer) = state.instances[newcomer].at {
                return (Some(answer), state);
            }
        }
        (None, state)
    }

    /// Where an instance stands after its next call.
    fn call(&self, state: &mut State, i: usize) -> Option<At> {
        let Instance { what, .. } = state.instances[i];
        Some(match what {
            What::List(account) => return self.table.list(state, i, account),
            What::Consent { browser, account } => self.table.consent(state, i, browser, account),
            What::Disconnect(account) => self.table.disconnect(state, i, account),
            What::Event(account) => self.table.hear(state, i, account),
        })
    }
}

/// Time passes: every lease is over, whether its owner lives or not.
fn end_leases(state: &mut State) {
    for lease in state.rows.iter_mut().flatten().filter_map(|row| row.lease.as_mut()) {
        lease.age += 1;
    }
    for instance in &mut state.instances {
        instance.leased = false;
        if let At::Lease(_, age) = &mut instance.at {
            *age += 1;
        }
    }
}

/// A row of the beginning.
fn connected(account: usize) -> Row {
    let refresh = Refresh { account, number: u8::from(account > 0) };
    let access = Some(Access { by: refresh, number: 0 });
    Row { seen: Seen { generation: 1, refresh, access }, status: Status::Active, lease: None }
}

/// Every choice of so many, without regard to their order.
fn choices(whats: &[What], count: usize) -> Vec<Vec<What>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let with_first = |at: usize| choices(&whats[at..], count - 1).into_iter().map(move |rest| (at, rest));
    let all = (0..whats.len()).flat_map(with_first);
    all.map(|(at, rest)| std::iter::once(whats[at]).chain(rest).collect()).collect()
}

impl Model for Races {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.starts.iter().map(|(start, whats)| self.state(*start, whats)).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let at_work = || (0..state.instances.len()).filter(|i| !state.instances[*i].is_over());
        actions.extend(at_work().map(Action::Call));
        if state.crashes > 0 {
            actions.extend(at_work().map(Action::Kill));
        }
        let is_late = |instance: &Instance| matches!(instance.at, At::Lease(_, 0));
        if state.rows.iter().flatten().any(Row::is_leased) || state.instances.iter().any(is_late) {
            actions.push(Action::LeasesEnd);
        }
        if state.may_remove && at_work().next().is_some() {
            actions.push(Action::Remove);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.after(state, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
