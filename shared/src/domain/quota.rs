//! Gmail's quota for each user and minute
//! ([usage limits](https://developers.google.com/workspace/gmail/api/reference/quota)): what was spent of it lately, what
//! is left, and when there is more.
//!
//! It is an estimate that errs to the safe side: what is spent counts for a little longer than Google's minute, from a
//! moment a little later than the present, and before it is used.

mod spending;

use std::time::Duration;

use async_trait::async_trait;

pub use self::spending::{Spending, Tick};
use super::{
    connection::StoreError,
    mailbox::{UNITS_OF_MESSAGE, UNITS_OF_PAGE},
    time::Timestamp,
    user_id::UserId,
};

/// How long a charge counts: Google's minute and a second, for a request arrives later than it is charged, and clocks
/// differ a little.
pub const COUNTS_FOR: Duration = Duration::from_secs(61);
/// What is kept back for plain lists, which are not written down: this part of the quota.
const KEPT_BACK: u64 = 33;

/// The quota of a user and minute.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quota {
    units: u64,
}

impl Quota {
    /// A quota of so many units a minute.
    pub const fn new(units: u64) -> Self {
        Self { units }
    }

    /// What may be reserved of it in a minute: all but about 3 % for plain lists.
    pub const fn for_messages(self) -> u64 {
        self.units - self.units / KEPT_BACK
    }

    /// How many messages there is quota for, up to what is wanted, beside a page if there is to be one.
    pub fn messages(self, spending: &Spending, page: bool, wanted: u64, now: Timestamp) -> u64 {
        let left = self.for_messages().saturating_sub(spending.total(now)).saturating_sub(units(page, 0));
        wanted.min(left / UNITS_OF_MESSAGE)
    }

    /// How long until there is quota for so many messages, or for as many as there ever is.
    pub fn wait(self, spending: &Spending, messages: u64, now: Timestamp) -> Duration {
        let wanted = units(true, messages).min(self.for_messages());
        spending.wait(self.for_messages() - wanted, now)
    }
}

/// What messages cost, and a page if there is one.
pub const fn units(page: bool, messages: u64) -> u64 {
    messages.saturating_mul(UNITS_OF_MESSAGE).saturating_add(if page { UNITS_OF_PAGE } else { 0 })
}

/// What is stored of a user's spending.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stored {
    /// What was spent lately.
    pub spending: Spending,
    /// Another one after each write; 0 if nothing is stored.
    pub generation: u64,
}

/// Why a user's spending was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody else wrote since it was read: what is stored now.
    #[error("somebody else wrote first")]
    Conflict(Stored),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps what each user spent lately, for all instances.
#[async_trait]
pub trait SpendingStore: Send + Sync {
    /// What is stored of a user's spending.
    async fn find(&self, user_id: &UserId, now: Timestamp) -> Result<Stored, StoreError>;

    /// Stores a user's spending in place of the generation that was read; gives the new generation.
    async fn replace(
        &self,
        user_id: &UserId,
        read: u64,
        spending: &Spending,
        now: Timestamp,
    ) -> Result<u64, WriteError>;
}

#[cfg(test)]
mod tests;
