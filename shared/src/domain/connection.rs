//! The connection: our lasting record of one Google account that has given us access.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{
    revocation::{Reason, ends_all_tokens},
    time::Timestamp,
    user_id::UserId,
};

/// How long a mint counts: a refresh token that is not used for six months is dropped by Google.
pub const MINTS_COUNTED_FOR: Duration = Duration::from_hours(182 * 24);
/// How many mints are kept, the youngest ones: as many as live at once.
const MINTS_KEPT: usize = 100;

/// A connection, as it is stored: its tokens sealed.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Whose account it is.
    pub user_id: UserId,
    /// The account's e-mail address when it last consented.
    pub email: Option<String>,
    /// The OAuth client that the tokens belong to.
    pub client_id: String,
    /// What the user allowed.
    pub scopes: BTreeSet<String>,
    /// Whether the access still stands.
    pub status: Status,
    /// The tokens, sealed.
    pub tokens: SealedTokens,
    /// What the refresh token is found by; empty where the record does not say.
    pub token_index: TokenIndex,
    /// When Google ends the refresh token, where that is set.
    pub refresh_token_expires_at: Option<Timestamp>,
    /// When the account was first connected.
    pub connected_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// When Google last gave an access token for it.
    pub used_at: Timestamp,
    /// When the refresh tokens of this account were minted, as far as they may still live; the last is the stored one.
    pub mints: Vec<Timestamp>,
    /// Grows with every new refresh token and every change of status; never goes back, also over a deletion.
    pub generation: u64,
    /// Sessions issued earlier are refused.
    pub sessions_valid_after: Timestamp,
    /// Who is refreshing the access token at present.
    pub lease: Option<Lease>,
}

impl Connection {
    /// Whether its refresh token may still bring access for that client at that time.
    pub fn is_usable(&self, client_id: &str, now: Timestamp) -> bool {
        self.status == Status::Active && self.client_id == client_id && !self.is_over(now)
    }

    /// Whether the time that the access was given for is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.refresh_token_expires_at.is_some_and(|end| end <= now)
    }

    /// Whether the access stands at that time, also where nobody ran into its end yet.
    pub fn status_at(&self, now: Timestamp) -> Status {
        match &self.status {
            Status::Active if self.is_over(now) => Status::Revoked { reason: Reason::Expired.to_string() },
            status => status.clone(),
        }
    }

    /// When the stored refresh token was minted; when the account was connected, where that is not known.
    pub fn consented_at(&self) -> Timestamp {
        self.mints.last().copied().unwrap_or(self.connected_at)
    }

    /// The mints with one more now: those of the same client that may still live.
    pub fn mints_with(&self, client_id: &str, now: Timestamp) -> Vec<Timestamp> {
        let all_dead = matches!(&self.status, Status::Revoked { reason } if ends_all_tokens(reason));
        let counts = !all_dead && self.client_id == client_id;
        let recent = self.mints.iter().filter(|mint| counts && now.since(**mint) < MINTS_COUNTED_FOR);
        let mut mints: Vec<_> = recent.copied().collect();
        // Kept as a set, so no two are the same.
        mints.push(mints.last().map_or(now, |last| now.max(last.after(Duration::from_millis(1)))));
        mints.drain(..mints.len().saturating_sub(MINTS_KEPT));
        mints
    }
}

/// A connection in the list of all of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// Whose account it is.
    pub user_id: UserId,
    /// The account's e-mail address when it last consented.
    pub email: Option<String>,
    /// When the account was first connected.
    pub connected_at: Option<Timestamp>,
}

/// A part of the list of all connections.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// The connections, by their `user_id`.
    pub connections: Vec<Summary>,
    /// What the next page begins after, if there is one.
    pub next: Option<Place>,
}

/// A place in the list of all connections.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Place {
    /// The `user_id` as the list has it, by which it is sorted.
    pub user_id: String,
    /// Which of the rows with that `user_id`; as a rule there is one.
    pub key: String,
}

/// The two words for whether the access still stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StatusWord {
    /// As far as we know, it does.
    Active,
    /// It ended.
    Revoked,
}

impl StatusWord {
    /// Both, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Active, Self::Revoked];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// The status of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.as_str() == text)
    }
}

/// Whether the access still stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Status {
    /// As far as we know.
    Active,
    /// It ended.
    Revoked {
        /// Why.
        reason: String,
    },
}

/// The tokens of a connection, sealed under its data key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedTokens {
    /// The data key, wrapped by KMS.
    pub data_key: Vec<u8>,
    /// The refresh token.
    pub refresh_token: Vec<u8>,
    /// The access token that all instances share, until its end.
    pub access_token: Option<SealedAccessToken>,
}

/// A shared access token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedAccessToken {
    /// The token, sealed.
    pub sealed: Vec<u8>,
    /// When Google ends it.
    pub expires_at: Timestamp,
}

/// The right to refresh the access token, held by one at a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lease {
    /// Random, one for every time that it is taken.
    pub owner: String,
    /// When it ends if its owner dies.
    pub expires_at: Timestamp,
}

impl Status {
    /// Its word, and the reason if it ended.
    pub fn parts(&self) -> (StatusWord, Option<&str>) {
        match self {
            Self::Active => (StatusWord::Active, None),
            Self::Revoked { reason } => (StatusWord::Revoked, Some(reason)),
        }
    }
}

impl Lease {
    /// How long an owner may be silent before another takes over. It is renewed before each further request to Google;
    /// none takes longer than [`Lease::REQUEST_TIMEOUT`].
    pub const LIFETIME: Duration = Duration::from_secs(10);
    /// How long one request to Google under the lease may take.
    pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

    /// The lease of an owner who was last heard of then.
    pub fn from(owner: String, heard_at: Timestamp) -> Self {
        Self { owner, expires_at: heard_at.after(Self::LIFETIME) }
    }

    /// Whether its owner still holds it.
    pub fn is_held(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// What a refresh token is found by without being stored readable: keyed hashes, one for each way in which Google names it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TokenIndex(pub BTreeSet<Vec<u8>>);

impl TokenIndex {
    /// How many ways there are.
    const HASHES: usize = 2;

    /// An index as it was kept beside its token; an empty one for anything else.
    pub fn of_kept(hashes: BTreeSet<Vec<u8>>) -> Self {
        if hashes.len() == Self::HASHES { Self(hashes) } else { Self::default() }
    }
}

/// Keeps connections. Every write names the generation that was read and changes nothing if it is no longer stored. A write
/// takes nothing from the index that leads to another user, whatever index the connection that was read claims to have.
#[async_trait]
pub trait ConnectionStore: Send + Sync {
    /// The stored connection, as of the last write.
    async fn find(&self, user_id: &UserId) -> Result<Option<Connection>, StoreError>;

    /// Stores a connection in place of the one that was read, or of none, and its index in place of the other's.
    async fn put(&self, connection: &Connection, read: Option<&Connection>) -> Result<(), WriteError>;

    /// Takes or renews the lease: of a connection whose access token is still the one that was read, and whose lease is
    /// free, over by `now`, or the owner's already.
    async fn lease(&self, read: &Connection, lease: &Lease, now: Timestamp) -> Result<(), WriteError>;

    /// Stores a new access token and ends the lease; only for the lease's owner.
    async fn share_access_token(
        &self,
        read: &Connection,
        owner: &str,
        token: &SealedAccessToken,
        now: Timestamp,
    ) -> Result<(), WriteError>;

    /// Ends the lease, if it is still its owner's.
    async fn release(&self, read: &Connection, owner: &str) -> Result<(), WriteError>;

    /// Marks the connection revoked and forgets its access token and lease; only if it still has the access token that
    /// was read.
    async fn mark_revoked(&self, read: &Connection, reason: &Reason, now: Timestamp) -> Result<(), WriteError>;

    /// Ends all sessions that were issued before `valid_after`, and the lease: a refresh under way is repeated by whoever
    /// needs it.
    async fn end_sessions(&self, read: &Connection, valid_after: Timestamp) -> Result<(), WriteError>;

    /// Deletes the connection and its index.
    async fn delete(&self, read: &Connection) -> Result<(), WriteError>;

    /// The user whom a hash of a token index leads to.
    async fn indexed(&self, hash: &[u8]) -> Result<Option<UserId>, StoreError>;

    /// The connections of a status, by their `user_id`, after one of them; as they were a moment ago.
    async fn page(&self, status: StatusWord, after: Option<&Place>, limit: u32) -> Result<Page, StoreError>;

    /// Keeps a small value under a name where there is none, or where there is the one that it is to replace; answers
    /// the one that is there afterwards.
    async fn keep(&self, name: &str, value: &[u8], instead_of: Option<&[u8]>) -> Result<Vec<u8>, StoreError>;

    /// The value kept under a name.
    async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
}

/// The store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot be used: {detail}")]
pub struct StoreError {
    /// What the store said, for the log; never a value that is stored.
    pub detail: String,
    /// Whether it may go better in a moment.
    pub transient: bool,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What was read is no longer what is stored.
    #[error("the connection changed meanwhile")]
    Conflict,
    /// The store failed; the write may have happened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
impl Connection {
    /// Made and used at one time, with tokens that nothing opens.
    pub(crate) fn sample(user_id: &str, at: Timestamp) -> Self {
        Self {
            user_id: UserId::parse(user_id).unwrap(),
            email: None,
            client_id: "client".into(),
            scopes: BTreeSet::new(),
            status: Status::Active,
            tokens: SealedTokens { data_key: vec![], refresh_token: vec![], access_token: None },
            token_index: TokenIndex::default(),
            refresh_token_expires_at: None,
            connected_at: at,
            updated_at: at,
            used_at: at,
            mints: vec![at],
            generation: 1,
            sessions_valid_after: at,
            lease: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_318_652);
    const MILLI: Duration = Duration::from_millis(1);

    fn ago(age: Duration) -> Timestamp {
        NOW.before(age)
    }

    fn with_mints(status: Status, mints: &[Timestamp]) -> Connection {
        Connection { client_id: "us".into(), status, mints: mints.to_vec(), ..Connection::sample("118", NOW) }
    }

    #[test]
    fn the_mints_that_count_are_those_of_the_client_that_may_still_live() {
        let revoked = |reason: &str| Status::Revoked { reason: reason.into() };
        let (old, younger) = (ago(MINTS_COUNTED_FOR), ago(MINTS_COUNTED_FOR).after(MILLI));
        for (status, client_id, before, after) in [
            (Status::Active, "us", vec![], vec![NOW]),
            (Status::Active, "us", vec![ago(MILLI)], vec![ago(MILLI), NOW]),
            (Status::Active, "us", vec![old, younger], vec![younger, NOW]),
            (Status::Active, "them", vec![ago(MILLI)], vec![NOW]),
            (revoked("invalid_grant"), "us", vec![ago(MILLI)], vec![ago(MILLI), NOW]),
            (revoked("tokens_revoked"), "us", vec![ago(MILLI)], vec![NOW]),
            (Status::Active, "us", vec![NOW], vec![NOW, NOW.after(MILLI)]),
            (Status::Active, "us", vec![NOW.after(MILLI)], vec![NOW.after(MILLI), NOW.after(2 * MILLI)]),
        ] {
            let mints = with_mints(status.clone(), &before).mints_with(client_id, NOW);
            assert_eq!(mints, after, "{status:?} {client_id} {before:?}");
        }
    }

    #[test]
    fn the_youngest_hundred_mints_are_kept() {
        let before: Vec<_> = (1..=100).rev().map(|seconds| ago(Duration::from_secs(seconds))).collect();
        let mints = with_mints(Status::Active, &before).mints_with("us", NOW);
        assert_eq!(mints.len(), 100);
        assert_eq!((mints[0], mints[99]), (before[1], NOW));
    }

    #[test]
    fn a_lease_is_held_until_its_end_and_not_at_it() {
        let lease = Lease::from("me".into(), NOW);
        let end = NOW.after(Lease::LIFETIME);
        for (now, held) in [(NOW, true), (end.before(MILLI), true), (end, false), (end.after(MILLI), false)] {
            assert_eq!(lease.is_held(now), held, "{now}");
        }
    }

    #[test]
    fn an_index_of_another_size_is_none() {
        let index = |count: u8| TokenIndex::of_kept((0..count).map(|byte| vec![byte]).collect());
        assert_eq!([0, 1, 2, 3].map(|count| index(count).0.len()), [0, 0, 2, 0]);
    }

    #[test]
    fn only_the_two_words_are_a_status() {
        for (text, word) in
            [("active", Some(StatusWord::Active)), ("revoked", Some(StatusWord::Revoked)), ("", None), ("Active", None)]
        {
            assert_eq!(StatusWord::parse(text), word);
        }
    }
}
