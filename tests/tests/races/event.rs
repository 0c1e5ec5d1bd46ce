//! A security event, from one call to the next: marks the row of a token that was there before it.

use super::{
    state::{Account, Answer, At, State, Status},
    table::{Fence, Table},
};

/// How many refresh tokens there are before anything happens, and the event is about.
pub(super) const OF_BEFORE: u8 = 2;

impl Table {
    /// Where the instance stands after its next call.
    pub(super) fn hear(self, state: &mut State, i: usize, account: Account) -> At {
        let at = state.instances[i].at;
        match at {
            At::Hear => match state.rows[account] {
                Some(row)
                    if row.status == Status::Active
                        && self.holds(Fence::EventIsOlder, row.seen.refresh.number < OF_BEFORE) =>
                {
                    if row.seen.refresh.number >= OF_BEFORE {
                        state.harm = Some(super::state::Harm::LostNewer);
                    }
                    At::Obey(row.seen)
                }
                _ => At::Done(Answer::Taken),
            },
            At::Obey(read) if self.mark(state, account, read, Status::Revoked) => At::Done(Answer::Taken),
            At::Obey(_) => At::Hear,
            other => unreachable!("{other:?}"),
        }
    }
}
