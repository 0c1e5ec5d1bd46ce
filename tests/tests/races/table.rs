//! The conditional writes of the table, as `shared::aws::connections` makes them; each condition can be left out.

use super::state::{Access, Account, Harm, Lease, Refresh, Row, Seen, State, Status};

/// A condition of a write, or a look before one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fence {
    /// Of the lease: that it is free, or over.
    LeaseIsFree,
    /// Of the lease: that one that is over is as good as free.
    LeaseEnds,
    /// Of the lease: that the access token is the one that was read.
    LeaseSameToken,
    /// Of the lease: that the generation is the one that was read.
    LeaseGeneration,
    /// Of a shared access token: that the lease is still the writer's.
    ShareOwner,
    /// Of a shared access token: that the generation is the one that was read.
    ShareGeneration,
    /// Of a mark: that the access token is the one that was read.
    MarkSameToken,
    /// Of a mark: that the generation is the one that was read.
    MarkGeneration,
    /// Of a consent's row: that the generation is the one that was read, or that there still is no row.
    PutGeneration,
    /// Of a consent's row: that no newer consent is stored.
    PutIsNewest,
    /// Of a consent's row: that it is the row of the account that consented.
    PutOfAccount,
    /// Of a deletion: that the generation is the one that was read.
    DeleteGeneration,
    /// Of a deletion that is tried again: that the refresh token is the one that was to be deleted.
    DeleteSameToken,
    /// Of a security event: that the refresh token is not one of after it.
    EventIsOlder,
}

/// The table, without some fences.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table(pub(super) &'static [Fence]);

impl Table {
    /// Whether a condition holds, or is left out.
    pub(super) fn holds(self, fence: Fence, condition: bool) -> bool {
        condition || self.0.contains(&fence)
    }

    /// Takes the lease for an owner who read the clock so long ago; whether it did.
    pub(super) fn lease(self, state: &mut State, account: Account, read: Seen, wanted: Lease) -> bool {
        let Some(row) = &mut state.rows[account] else { return false };
        let ends = !self.0.contains(&Fence::LeaseEnds);
        let free = row.lease.is_none_or(|lease| lease.owner == wanted.owner || lease.age > wanted.age && ends);
        let granted = self.holds(Fence::LeaseIsFree, free)
            && self.holds(Fence::LeaseSameToken, row.seen.access == read.access)
            && self.holds(Fence::LeaseGeneration, row.seen.generation == read.generation);
        if granted {
            row.lease = Some(wanted);
        }
        granted
    }

    /// Shares an access token and ends the lease; whether it did.
    pub(super) fn share(self, state: &mut State, account: Account, read: Seen, owner: usize, token: Access) -> bool {
        let Some(row) = &mut state.rows[account] else { return false };
        let granted = self.holds(Fence::ShareOwner, row.lease.is_some_and(|lease| lease.owner == owner))
            && self.holds(Fence::ShareGeneration, row.seen.generation == read.generation);
        if granted {
            if row.seen.access.is_some_and(|stored| stored.by == token.by && stored.number > token.number) {
                state.harm = Some(Harm::LostNewer);
            }
            row.seen.access = Some(token);
            row.lease = None;
        }
        granted
    }

    /// Marks the row ended; whether it did. A newer token that the writer did not see may only go where the writer ends
    /// the access whatever it is.
    pub(super) fn mark(self, state: &mut State, account: Account, read: Seen, status: Status) -> bool {
        let Some(row) = &mut state.rows[account] else { return false };
        let granted = self.holds(Fence::MarkSameToken, row.seen.access == read.access)
            && self.holds(Fence::MarkGeneration, row.seen.generation == read.generation);
        if granted {
            let unseen = row.seen.refresh != read.refresh || row.seen.access != read.access;
            if unseen && row.status == Status::Active {
                state.harm = Some(Harm::LostNewer);
            }
            state.ended |= bit(row.seen.refresh);
            row.seen = Seen { generation: read.generation + 1, access: None, ..row.seen };
            (row.status, row.lease) = (status, None);
            state.generations[account] = state.generations[account].max(row.seen.generation);
        }
        granted
    }

    /// Puts a consent's row in the place of the one that was read, or of none; whether it did.
    pub(super) fn put(self, state: &mut State, account: Account, read: Option<Seen>, refresh: Refresh) -> bool {
        let stored = state.rows[account];
        let same = stored.map(|row| row.seen.generation) == read.map(|read| read.generation);
        if !self.holds(Fence::PutGeneration, same) {
            return false;
        }
        if let Some(old) = stored {
            state.ended |= bit(old.seen.refresh);
            if old.seen.refresh.number > refresh.number {
                state.harm = Some(Harm::LostNewer);
            }
        }
        let highest = &mut state.generations[account];
        let generation = read.map_or(*highest, |read| read.generation) + 1;
        *highest = generation.max(*highest);
        let access = Some(Access { by: refresh, number: 1 });
        let seen = Seen { generation, refresh, access };
        state.rows[account] = Some(Row { seen, status: Status::Active, lease: None });
        true
    }

    /// Deletes the row; whether it did.
    pub(super) fn delete(self, state: &mut State, account: Account, read: Seen, ends: Refresh) -> bool {
        let stored = state.rows[account];
        let same = stored.is_some_and(|row| row.seen.generation == read.generation);
        if !self.holds(Fence::DeleteGeneration, same) {
            return false;
        }
        if let Some(row) = stored {
            state.ended |= bit(row.seen.refresh);
            if row.seen.refresh != ends {
                state.harm = Some(Harm::LostNewer);
            }
        }
        state.rows[account] = None;
        true
    }
}

/// The place of a refresh token among those that have ended.
pub(super) fn bit(refresh: Refresh) -> u8 {
    1 << refresh.number
}
