//! A consent, from one call to the next: what it brought becomes the row of the account that consented.

use super::{
    state::{Account, Answer, At, Refresh, Row, State, Status},
    table::{Fence, Table},
};

impl Table {
    /// Where the instance stands after its next call.
    pub(super) fn consent(self, state: &mut State, i: usize, browser: Account, account: Account) -> At {
        // Google says whose account it is; the browser's own is no word of Google's.
        let place = if self.holds(Fence::PutOfAccount, false) { browser } else { account };
        let row = state.rows[place];
        let at = state.instances[i].at;
        match at {
            At::Exchange => {
                let refresh = state.google.mint(account);
                state.instances[i].minted = Some(refresh.number);
                state.google.asked[usize::from(refresh.number)] = 1;
                At::Find(refresh)
            }
            At::Find(refresh) => match row.filter(|row| self.stays(row, refresh)) {
                Some(row) => done(&row),
                None => At::Put(refresh, row.map(|row| row.seen)),
            },
            At::Put(refresh, read) if self.put(state, place, read, refresh) => At::Done(Answer::Connected),
            At::Put(refresh, _) => At::Find(refresh),
            other => unreachable!("{other:?}"),
        }
    }

    /// Whether a row is that of the consent already, or of a newer one.
    fn stays(self, row: &Row, refresh: Refresh) -> bool {
        let is_newer = row.seen.refresh.number > refresh.number;
        row.seen.refresh == refresh || !self.holds(Fence::PutIsNewest, !is_newer)
    }
}

fn done(row: &Row) -> At {
    At::Done(if row.status == Status::Active { Answer::Connected } else { Answer::ConsentOver })
}
