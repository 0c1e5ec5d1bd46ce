//! The leases that this instance takes: who acts under which, and which were left behind.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::domain::random::{self, NoRandomness, Random};

/// How many leases that were left behind are remembered: a few users' whom one failure of the store met.
const KEPT: usize = 64;

/// What an instance knows of its leases.
#[derive(Default)]
pub(super) struct Leases {
    /// Owners under whom nobody here acts any more, the latest last. As a rule the store knows nothing of them either.
    left: Mutex<VecDeque<String>>,
}

/// The time in which one refresh acts under a lease. When it ends, however it ends, the lease is left behind.
pub(super) struct Turn<'a> {
    leases: &'a Leases,
    owner: String,
}

impl Leases {
    /// A turn with a new owner.
    pub(super) fn begin(&self, random: &dyn Random) -> Result<Turn<'_>, NoRandomness> {
        Ok(Turn { leases: self, owner: random::token(random)? })
    }

    /// Whether this instance took the lease of that owner, and nobody here acts under it any more.
    pub(super) fn were_left(&self, owner: &str) -> bool {
        self.lock().iter().any(|known| known == owner)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Who acts.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut left = self.leases.lock();
        if left.len() == KEPT {
            left.pop_front();
        }
        left.push_back(std::mem::take(&mut self.owner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SystemRandomness;

    fn begun(leases: &Leases) -> String {
        leases.begin(&SystemRandomness::default()).unwrap().owner().to_owned()
    }

    #[test]
    fn a_lease_is_left_behind_when_nobody_acts_under_it_any_more() {
        let leases = Leases::default();
        let turn = leases.begin(&SystemRandomness::default()).unwrap();
        let owner = turn.owner().to_owned();
        assert!(!leases.were_left(&owner));
        drop(turn);
        assert!(leases.were_left(&owner));
        assert!(!leases.were_left("another's"));
    }

    #[test]
    fn the_latest_ones_are_remembered() {
        let leases = Leases::default();
        let owners: Vec<_> = (0..=KEPT).map(|_| begun(&leases)).collect();
        assert!(!leases.were_left(&owners[0]));
        assert!(owners[1..].iter().all(|owner| leases.were_left(owner)));
    }
}
