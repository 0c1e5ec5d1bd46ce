//! A listing, from one call to the next: it takes the shared access token, or the lease and a new one.

use super::{
    state::{Access, Account, Answer, At, Harm, Lease, Row, Seen, State, Status},
    table::Table,
};

/// How many access tokens Gmail may reject.
const MAX_REJECTED: u8 = 4;

impl Table {
    /// Where the instance stands after its next call.
    pub(super) fn list(self, state: &mut State, i: usize, account: Account) -> Option<At> {
        let (row, at) = (state.rows[account], state.instances[i].at);
        Some(match at {
            At::Wait if row.is_some_and(|row| must_wait(state, i, &row)) => return None,
            At::Read | At::Wait => consider(state, i, row),
            At::Open(seen) => {
                state.instances[i].key = Some(seen.refresh);
                ask_gmail(state, i, seen)
            }
            At::Lease(read, age) if self.lease(state, account, read, Lease { owner: i, age }) => {
                state.instances[i].leased = age == 0;
                // With the data key at hand Google is asked at once.
                if state.instances[i].key == Some(read.refresh) { ask(state, i, read) } else { At::Ask(read) }
            }
            At::Lease(..) => At::LeaseLost,
            At::LeaseLost => row.map_or(At::Done(Answer::NotFound), |_| At::Read),
            At::Ask(read) => {
                state.instances[i].key = Some(read.refresh);
                ask(state, i, read)
            }
            At::Share(read, token) => {
                state.instances[i].leased = false;
                if self.share(state, account, read, i, token) {
                    ask_gmail(state, i, Seen { access: Some(token), ..read })
                } else {
                    At::ShareLost(read, token)
                }
            }
            At::ShareLost(read, token) => match row {
                None => At::Done(Answer::NotFound),
                Some(row) if row.seen.generation != read.generation => At::Read,
                Some(_) => ask_gmail(state, i, Seen { access: Some(token), ..read }),
            },
            At::GrantDead(read) => match row {
                None => At::Done(Answer::NotFound),
                Some(row) if row.seen.generation != read.generation || row.seen.access != read.access => At::Read,
                Some(_) => At::MarkDead(read),
            },
            At::MarkDead(read) | At::GiveUp(read) if self.mark(state, account, read, Status::Revoked) => {
                At::Done(Answer::Reauthorize)
            }
            At::MarkDead(_) | At::GiveUp(_) => At::Read,
            other => unreachable!("{other:?}"),
        })
    }
}

/// What a row that was read is good for.
fn consider(state: &mut State, i: usize, row: Option<Row>) -> At {
    let Some(row) = row else { return At::Done(Answer::NotFound) };
    if row.status != Status::Active {
        return At::Done(Answer::Reauthorize);
    }
    if usable(state, i, &row).is_some() {
        let has_key = state.instances[i].key == Some(row.seen.refresh);
        return if has_key { ask_gmail(state, i, row.seen) } else { At::Open(row.seen) };
    }
    if row.is_leased() { At::Wait } else { At::Lease(row.seen, 0) }
}

/// The shared access token, unless it is over or the one that Gmail rejected.
fn usable(state: &State, i: usize, row: &Row) -> Option<Access> {
    row.fresh().filter(|access| state.instances[i].rejected != Some(*access))
}

/// Whether there is nothing for it in the row but to wait.
fn must_wait(state: &State, i: usize, row: &Row) -> bool {
    row.status == Status::Active && usable(state, i, row).is_none() && row.is_leased()
}

/// The refresh token grant.
fn ask(state: &mut State, i: usize, read: Seen) -> At {
    if let Some(token) = state.google.give(read.refresh) {
        return At::Share(read, token);
    }
    state.instances[i].leased = false;
    At::GrantDead(read)
}

/// Gmail, with the access token of what was seen.
fn ask_gmail(state: &mut State, i: usize, seen: Seen) -> At {
    let Some(access) = seen.access else { return At::Read };
    let asked_for = account(state, i);
    if access.by.account != asked_for {
        state.harm = Some(Harm::Foreign);
    }
    if state.google.is_alive(access.by) {
        return At::Done(Answer::Listed(access.by.account));
    }
    let instance = &mut state.instances[i];
    instance.rejections += 1;
    instance.rejected = Some(access);
    match instance.rejections {
        1 => At::Read,
        2..=MAX_REJECTED => At::GiveUp(seen),
        _ => At::Done(Answer::Unavailable),
    }
}

fn account(state: &State, i: usize) -> Account {
    match state.instances[i].what {
        super::state::What::List(account) => account,
        other => unreachable!("{other:?}"),
    }
}
