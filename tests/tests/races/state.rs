//! What there is: a row for each account, Google's grants, and where each instance stands.

/// An account: its place among the rows.
pub(super) type Account = usize;

/// How many accounts there are.
pub(super) const ACCOUNTS: usize = 2;

/// A refresh token of an account; the one that was minted later has the higher number.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Refresh {
    pub(super) account: Account,
    pub(super) number: u8,
}

/// An access token, by which refresh token it was asked for and as which one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Access {
    pub(super) by: Refresh,
    pub(super) number: u8,
}

/// Whether a row's access stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Status {
    Active,
    /// Google said that it ended.
    Revoked,
    /// It was disconnected.
    Disconnected,
}

/// The right to refresh.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Lease {
    pub(super) owner: usize,
    /// How long ago its owner read the clock, in lives of a lease.
    pub(super) age: u8,
}

/// What a write names of what was read.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Seen {
    pub(super) generation: u8,
    pub(super) refresh: Refresh,
    pub(super) access: Option<Access>,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Row {
    pub(super) seen: Seen,
    pub(super) status: Status,
    pub(super) lease: Option<Lease>,
}

/// What an instance does.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum What {
    /// Lists the messages of an account whose access token is over.
    List(Account),
    /// Completes the authorization of a browser of one account, at which another one may have consented.
    Consent { browser: Account, account: Account },
    /// Disconnects an account.
    Disconnect(Account),
    /// Takes a security event, that all tokens of an account of before were revoked.
    Event(Account),
}

/// Where an instance stands: before which call, with what in its hands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum At {
    /// Of a listing: before it reads the row, for the first time or again.
    Read,
    /// Before it reads the row again, while another holds the lease.
    Wait,
    /// Before it opens the shared access token, to ask Gmail with it.
    Open(Seen),
    /// Before it takes the lease, so long after it read the clock, in lives of a lease.
    Lease(Seen, u8),
    /// Before it looks who was quicker.
    LeaseLost,
    /// Before it opens the refresh token, to ask Google with it.
    Ask(Seen),
    /// Before it shares the access token.
    Share(Seen, Access),
    /// Before it looks what has changed meanwhile.
    ShareLost(Seen, Access),
    /// Before it looks whether another has a newer token, after Google said `invalid_grant`.
    GrantDead(Seen),
    /// Before it marks the row for that.
    MarkDead(Seen),
    /// Before it marks the row because Gmail rejected a fresh token.
    GiveUp(Seen),

    /// Of a consent: before it exchanges the code.
    Exchange,
    /// Before it reads the row that is to be replaced.
    Find(Refresh),
    /// Before it puts the new row in its place.
    Put(Refresh, Option<Seen>),

    /// Of a disconnection: before it reads the row.
    Look,
    /// Before it marks the row.
    Mark { first: Seen, read: Seen },
    /// Before it reads the row again.
    LookAgain(Seen),
    /// Before it opens the refresh token, to revoke it at Google.
    Revoke(Seen),
    /// Before it deletes the row.
    Delete(Seen),
    /// Before it reads the row again, that changed meanwhile.
    DeleteAgain(Refresh),

    /// Of a security event: before it reads the row.
    Hear,
    /// Before it marks the row.
    Obey(Seen),

    /// It has answered.
    Done(Answer),
    /// It was killed.
    Dead,
}

/// What an instance answers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Answer {
    /// The messages of that account.
    Listed(Account),
    /// The user must consent again.
    Reauthorize,
    /// There is no connection.
    NotFound,
    /// Google rejects token after token.
    Unavailable,
    /// The account is connected.
    Connected,
    /// A newer consent came first, and has ended since.
    ConsentOver,
    /// The connection has ended, or was replaced by a newer consent.
    Disconnected,
    /// The event was taken.
    Taken,
}

/// One instance, with what it does.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Instance {
    pub(super) what: What,
    pub(super) at: At,
    /// Whether it holds a lease, as far as it can know: it took one, and its time is not over.
    pub(super) leased: bool,
    /// Which refresh token its consent brought.
    pub(super) minted: Option<u8>,
    /// By which refresh token's row its data key at hand is.
    pub(super) key: Option<Refresh>,
    /// The access token that Gmail rejected last, and how many it did.
    pub(super) rejected: Option<Access>,
    pub(super) rejections: u8,
}

/// Google.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Google {
    /// How many refresh tokens were minted.
    pub(super) minted: u8,
    /// By account: its refresh tokens with a lower number are dead.
    pub(super) dead_below: [u8; ACCOUNTS],
    /// By refresh token: how many access tokens were asked for.
    pub(super) asked: [u8; 5],
}

/// Everything, and what is remembered of before to judge by.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct State {
    pub(super) rows: [Option<Row>; ACCOUNTS],
    /// The highest generation that a row had.
    pub(super) generations: [u8; ACCOUNTS],
    pub(super) google: Google,
    pub(super) instances: Vec<Instance>,
    /// How many instances may still be killed.
    pub(super) crashes: u8,
    /// Whether the first user may still remove the access at Google.
    pub(super) may_remove: bool,
    /// The refresh tokens whose row was revoked, replaced or deleted, a bit for each.
    pub(super) ended: u8,
    /// What went wrong once and for all.
    pub(super) harm: Option<Harm>,
}

/// What must never happen, and cannot be seen afterwards.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Harm {
    /// A newer refresh or access token was overwritten, marked or deleted by somebody who had not seen it.
    LostNewer,
    /// An access token was given for another account than was asked for.
    Foreign,
}

impl Instance {
    /// One that is about to begin.
    pub(super) fn new(what: What) -> Self {
        let at = match what {
            What::List(_) => At::Read,
            What::Consent { .. } => At::Exchange,
            What::Disconnect(_) => At::Look,
            What::Event(_) => At::Hear,
        };
        Self { what, at, leased: false, minted: None, key: None, rejected: None, rejections: 0 }
    }

    /// Whether nothing more comes from it.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.at, At::Done(_) | At::Dead)
    }
}

impl Google {
    /// Whether a refresh token, and every access token by it, works.
    pub(super) fn is_alive(self, refresh: Refresh) -> bool {
        refresh.number >= self.dead_below[refresh.account]
    }

    /// Ends the grant of an account with all tokens of it.
    pub(super) fn end(&mut self, account: Account) {
        self.dead_below[account] = self.minted;
    }

    /// Mints a refresh token.
    pub(super) fn mint(&mut self, account: Account) -> Refresh {
        self.minted += 1;
        Refresh { account, number: self.minted - 1 }
    }

    /// Gives an access token by a refresh token, if that is alive.
    pub(super) fn give(&mut self, by: Refresh) -> Option<Access> {
        let asked = &mut self.asked[usize::from(by.number)];
        let number = *asked + 1;
        self.is_alive(by).then(|| {
            self.asked[usize::from(by.number)] = number;
            Access { by, number }
        })
    }
}

impl Row {
    /// Whether its access token is there and not over. That of the start is over, of which there is number 0.
    pub(super) fn fresh(&self) -> Option<Access> {
        self.seen.access.filter(|access| access.number > 0)
    }

    pub(super) fn is_leased(&self) -> bool {
        self.lease.is_some_and(|lease| !lease.is_over())
    }
}

impl Lease {
    /// Whether its time is over.
    pub(super) fn is_over(self) -> bool {
        self.age > 0
    }
}
