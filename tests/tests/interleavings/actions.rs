//! What can happen, and when.

use local::{aws, google};

/// The accounts.
pub(super) const USERS: [&str; 2] = [tests::world::ANNA, tests::world::DAVID];
/// How many instances of each function there are.
pub(super) const INSTANCES: usize = 3;

/// One step of a history. Two seconds pass before each.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// It happens, and nothing else meanwhile.
    Do(Action),
    /// The instance that does it is killed at that point, if it comes so far.
    Crash(Action, Point),
    /// At that point it stands still until the others have happened, one after the other.
    Race(Action, Point, Vec<Action>),
    /// Time goes on.
    Pass { minutes: u64 },
}

/// Something that happens to the connection of a user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Action {
    pub(super) user: usize,
    pub(super) instance: usize,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// The user connects, with `prompt=consent` or without, and follows where the callback sends.
    Connect { prompt: bool },
    /// The messages are listed.
    List(By),
    /// The connection is disconnected.
    Disconnect(By),
    /// The user removes the access at Google, which writes a security event about it or keeps silent.
    RemoveAtGoogle { told: bool },
    /// Google writes a security event.
    Write(Event),
    /// One of the events that Google wrote about the user arrives, perhaps not for the first time: counted from the
    /// newest.
    Deliver { back: usize },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Backend,
    Browser,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    AccountDisabled,
    SessionsRevoked,
    TokenRevoked,
    TokensRevoked,
}

/// The nth call to AWS or to Google.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) place: Place,
    pub(super) nth: usize,
    /// Whether the call is carried out.
    pub(super) carried_out: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Aws,
    Google,
}

impl Action {
    /// The same by the first user and instance.
    pub(super) fn first(what: What) -> Self {
        Self { user: 0, instance: 0, what }
    }
}

impl Step {
    /// What happens in it.
    pub(super) fn actions(&self) -> Vec<Action> {
        match self {
            Self::Do(action) | Self::Crash(action, _) => vec![*action],
            Self::Race(action, _, others) => [&[*action], others.as_slice()].concat(),
            Self::Pass { .. } => Vec::new(),
        }
    }
}

impl Point {
    pub(super) fn of_aws(self) -> aws::When {
        if self.carried_out { aws::When::After } else { aws::When::Before }
    }

    pub(super) fn of_google(self) -> google::When {
        if self.carried_out { google::When::After } else { google::When::Before }
    }
}
