//! A disconnection, from one call to the next: marks the row, revokes the grant at Google, deletes the row.

use super::{
    state::{Account, Answer, At, Row, Seen, State, Status},
    table::{Fence, Table},
};

impl Table {
    /// Where the instance stands after its next call.
    pub(super) fn disconnect(self, state: &mut State, i: usize, account: Account) -> At {
        let row = state.rows[account];
        let at = state.instances[i].at;
        match at {
            At::Look => row.map_or(At::Done(Answer::NotFound), |row| mark_or_revoke(row.seen, &row)),
            At::Mark { first, read } => {
                if self.mark(state, account, read, Status::Disconnected) {
                    At::Revoke(Seen { generation: read.generation + 1, access: None, ..read })
                } else {
                    At::LookAgain(first)
                }
            }
            At::LookAgain(first) => match row {
                None => At::Revoke(first),
                Some(row) if row.seen.refresh != first.refresh => At::Done(Answer::Disconnected),
                Some(row) => mark_or_revoke(first, &row),
            },
            At::Revoke(read) => {
                if state.google.is_alive(read.refresh) {
                    state.google.end(account);
                }
                At::Delete(read)
            }
            At::Delete(read) if self.delete(state, account, read, read.refresh) => At::Done(Answer::Disconnected),
            At::Delete(read) => At::DeleteAgain(read.refresh),
            At::DeleteAgain(refresh) => match row {
                Some(row) if self.holds(Fence::DeleteSameToken, row.seen.refresh == refresh) => {
                    At::Delete(Seen { refresh, ..row.seen })
                }
                _ => At::Done(Answer::Disconnected),
            },
            other => unreachable!("{other:?}"),
        }
    }
}

/// A row that a disconnection has marked before is not marked again.
fn mark_or_revoke(first: Seen, row: &Row) -> At {
    match row.status {
        Status::Disconnected => At::Revoke(row.seen),
        Status::Active | Status::Revoked => At::Mark { first, read: row.seen },
    }
}
