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

    /// A turn with an owner that was left behind, once; `None` if there is no such owner.
    pub(super) fn resume(&self, owner: &str) -> Option<Turn<'_>> {
        let mut left = self.lock();
        let place = left.iter().position(|known| known == owner)?;
        let owner = left.remove(place)?;
        Some(Turn { leases: self, owner })
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
    fn a_lease_that_was_left_behind_is_resumed_by_one_at_a_time() {
        let leases = Leases::default();
        let owner = begun(&leases);
        let turn = leases.resume(&owner).unwrap();
        assert_eq!(turn.owner(), owner);
        assert!(leases.resume(&owner).is_none());
        drop(turn);
        assert!(leases.resume(&owner).is_some());
    }

    #[test]
    fn a_lease_under_which_somebody_acts_or_that_is_anothers_is_not_resumed() {
        let leases = Leases::default();
        let turn = leases.begin(&SystemRandomness::default()).unwrap();
        assert!(leases.resume(turn.owner()).is_none());
        assert!(leases.resume("another's").is_none());
    }

    #[test]
    fn the_latest_ones_are_remembered() {
        let leases = Leases::default();
        let owners: Vec<_> = (0..=KEPT).map(|_| begun(&leases)).collect();
        assert!(leases.resume(&owners[0]).is_none());
        assert!(owners[1..].iter().all(|owner| leases.resume(owner).is_some()));
    }
}
