//! The governor of Gmail's quota: what a user has left of it, counted over all instances.
//!
//! What is to be spent on messages is written down before it is spent. Plain lists are not: what they cost is kept back,
//! remembered by the instance, and written down with what it reserves next. The count is advisory: where it cannot be
//! kept, each instance goes by its own.

mod reserving;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use shared::{
    domain::{
        quota::{Quota, Spending, SpendingStore, Stored, Tick},
        random::Random,
        time::{Clock, Timestamp},
        user_id::UserId,
    },
    function::Deadline,
};

/// The most users that an instance remembers.
const MAX_USERS: usize = 1_000;
/// How long after a reservation its messages may be asked for: what counts for a second more than Google's minute has to
/// leave time for the way.
const FRESH: Duration = Duration::from_millis(500);
/// How soon it is known how much of a reservation is needed.
const SOON: Duration = Duration::from_secs(1);

/// The governor of an instance.
pub(crate) struct Governor {
    store: Arc<dyn SpendingStore>,
    quota: Quota,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    known: Mutex<HashMap<UserId, Known>>,
}

/// What an instance knows of a user's spending.
#[derive(Clone, Debug, Default)]
struct Known {
    /// What was stored when it last looked.
    stored: Stored,
    /// What it spent and has not written down.
    own: Spending,
    /// Whether there was less than it took to be there: others spend, too.
    is_contended: bool,
    /// When the store failed last.
    failed_at: Option<Timestamp>,
    /// When others were last seen to have just reserved something.
    others_reserved_at: Option<Timestamp>,
}

/// What was reserved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reservation {
    /// How many messages of it are to be fetched yet.
    pub(crate) messages: u64,
    at: Timestamp,
    is_stored: bool,
}

impl Reservation {
    /// What is left of it after so many messages; `None` if nothing is.
    pub(crate) fn less(self, fetched: u64) -> Option<Self> {
        let messages = self.messages.saturating_sub(fetched);
        (messages > 0).then_some(Self { messages, ..self })
    }
}

impl Governor {
    /// A governor that knows of no spending yet.
    pub(crate) fn new(
        store: Arc<dyn SpendingStore>,
        quota: Quota,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { store, quota, clock, random, known: Mutex::default() }
    }

    /// The account of a user, until a deadline.
    pub(crate) fn account<'a>(&'a self, user_id: &'a UserId, deadline: Deadline) -> Account<'a> {
        Account { governor: self, user_id, deadline }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One user's quota, for an invocation.
#[derive(Clone, Copy)]
pub(crate) struct Account<'a> {
    governor: &'a Governor,
    user_id: &'a UserId,
    deadline: Deadline,
}

impl<'a> Account<'a> {
    /// Whose it is.
    pub(crate) fn user_id(self) -> &'a UserId {
        self.user_id
    }
}

impl Account<'_> {
    /// Remembers units that are spent without a reservation.
    pub(crate) fn note(self, units: u64) {
        let now = self.now();
        self.with(|known| {
            known.own.forget(now);
            known.own.charge(Tick::of(now), units);
        });
    }

    /// How many messages there is quota for beside a page, as far as is known.
    pub(crate) fn left(self) -> u64 {
        let (known, now) = (self.known(), self.now());
        self.governor.quota.messages(&known.spending(now), true, u64::MAX, now)
    }

    /// Whether a page is not to be asked for in the hope of quota: there is none, or others spend so much.
    pub(crate) fn is_scarce(self) -> bool {
        self.left() == 0 || self.known().is_contended
    }

    /// How long until there is quota for so many messages, as far as is known.
    pub(crate) fn wait(self, messages: u64) -> Duration {
        let (known, now) = (self.known(), self.now());
        self.governor.quota.wait(&known.spending(now), messages, now)
    }

    /// The same for somebody who got nothing. What others have just reserved they may give back as soon as they know how
    /// much they need of it: then it is worth asking again soon.
    pub(crate) fn wait_for_any(self, messages: u64) -> Duration {
        let (wait, seen_at) = (self.wait(messages), self.known().others_reserved_at);
        let may_be_given_back = seen_at.is_some_and(|at| self.now().since(at) < SOON);
        if may_be_given_back { wait.min(SOON) } else { wait }
    }

    /// Whether a reservation was made so long ago that what is spent of it now would count for too short a time.
    pub(crate) fn is_old(self, reservation: &Reservation) -> bool {
        self.now().since(reservation.at) > FRESH
    }

    fn now(self) -> Timestamp {
        self.governor.clock.now()
    }

    fn known(self) -> Known {
        self.governor.lock().get(self.user_id).cloned().unwrap_or_default()
    }

    /// Learns what others may have stored.
    fn look(self, stored: Stored, now: Timestamp) {
        self.with(|known| {
            if stored.spending.lately(now) > known.stored.spending.lately(now) {
                known.others_reserved_at = Some(now);
            }
            known.stored = stored;
        });
    }

    fn with(self, change: impl FnOnce(&mut Known)) {
        let mut all = self.governor.lock();
        if let Some(known) = all.get_mut(self.user_id) {
            change(known);
            return;
        }
        if all.len() >= MAX_USERS {
            let now = self.now();
            all.retain(|_, known| !known.spending(now).is_empty());
        }
        if all.len() >= MAX_USERS {
            all.clear();
        }
        change(all.entry(self.user_id.clone()).or_default());
    }
}

impl Known {
    /// All that counts.
    fn spending(&self, now: Timestamp) -> Spending {
        let mut spending = self.stored.spending.clone();
        spending.add(&self.own);
        spending.forget(now);
        spending
    }
}

#[cfg(test)]
mod tests;
