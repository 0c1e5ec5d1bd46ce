//! Keeps a listing within the user's quota: reserves before it spends, and ends where there is none left.

use futures_util::future::{OptionFuture, join};
use shared::domain::{
    mailbox::{Action, GmailError, MessagePage},
    quota::units,
};

use super::{Listing, Step};
use crate::{gmail::Failure, governor::Reservation, outcome::RATE_WAIT};

/// Where the quota ends a listing, it may go on once there is quota for so many messages, if as many are wanted: one by one
/// would take a request each.
const WORTH_A_REQUEST: u64 = 25;

impl Listing<'_> {
    /// One page, and quota for so many of its messages, which is reserved beside it; before it, where there may be none.
    /// `None` if there is none.
    pub(super) async fn page_within_quota(
        &mut self,
        max_results: u64,
        messages: u64,
    ) -> Option<Result<MessagePage, Failure>> {
        let (account, has_rest) = (self.account, self.reserved.is_some());
        if !has_rest && account.is_scarce() {
            self.reserved = Some(self.reserve(true, messages).await?);
            return Some(self.page(max_results).await);
        }
        self.has_reserved = true;
        let beside = (!has_rest).then(|| account.reserve(true, messages));
        let (page, beside) = join(self.page(max_results), OptionFuture::from(beside)).await;
        let beside = beside.filter(|reservation| reservation.messages > 0);
        if beside.is_none() {
            account.note(units(true, 0));
        }
        self.reserved = self.reserved.or(beside);
        Some(page)
    }

    /// What is left of the last reservation, or a new one; `None` if there is no quota.
    pub(super) async fn reservation(&mut self, messages: u64) -> Option<Reservation> {
        match self.reserved.take() {
            None => self.reserve(false, messages).await,
            rest => rest,
        }
    }

    /// A new reservation; `None` if there is no quota.
    async fn reserve(&mut self, page: bool, messages: u64) -> Option<Reservation> {
        // What this invocation has seen itself it need not look up.
        if self.has_reserved && self.account.left() == 0 {
            return None;
        }
        self.has_reserved = true;
        Some(self.account.reserve(page, messages).await).filter(|reservation| reservation.messages > 0)
    }

    /// Ends the listing for there is no quota: with what it has, or if that is nothing, with an error.
    pub(super) fn stop_for_quota(&mut self) -> Result<Step, Failure> {
        let messages = self.wanted().min(WORTH_A_REQUEST);
        if self.body.is_empty() {
            return Err(Failure::Quota { retry_after: self.account.wait_for_any(messages) });
        }
        self.more_in = Some(self.account.wait(messages));
        Ok(Step::Stop)
    }

    /// Ends a listing that has begun because Gmail refuses for now.
    pub(super) fn stop_for(&mut self, error: &GmailError) -> Step {
        if error.action() == Action::SlowDown {
            self.more_in = Some(error.retry_after.unwrap_or(RATE_WAIT));
        }
        Step::Stop
    }
}
