//! A place within a page whose token would be too long: the page is asked for again, shorter, so that it ends sooner.

use shared::{
    domain::quota::units,
    vault::access_tokens::{AccessError, RETRY_AFTER},
};

use super::Listing;
use crate::{continuation::Next, gmail::Failure};

/// How often a page is asked for again.
const TRIES: usize = 3;

impl Listing<'_> {
    /// The token of the place where the listing stopped; `None` at the end.
    pub(super) async fn next_page_token(&mut self) -> Result<Option<String>, Failure> {
        for tried in 0..=TRIES {
            let token = self.place.encode(&self.parameters.query);
            if token.as_ref().is_none_or(|token| token.len() <= self.parameters.max_token) {
                return Ok(token);
            }
            if tried < TRIES {
                self.shorten(tried).await?;
            }
        }
        // Nothing is lost: the same question has the same answer later.
        Err(AccessError::GoogleUnavailable { retry_after: RETRY_AFTER }.into())
    }

    /// Asks for the page again, with fewer entries: what was handed out, and as many as fit into a token. Where it ends now,
    /// the place ends, too. New mail may have come before it meanwhile, so the end is found by the entry, not by counting.
    async fn shorten(&mut self, tried: usize) -> Result<(), Failure> {
        let fitting = u64::try_from(self.place.fitting(self.parameters.max_token) >> tried).unwrap_or_default();
        self.account.note(units(true, 0));
        let page = self.page(self.handed_out.saturating_add(fitting.max(1))).await?;
        let last = page.messages.last().map(|entry| &entry.id);
        let end = self.place.entries.iter().position(|entry| Some(&entry.id) == last);
        if let (Some(end), Some(token)) = (end, page.next_page_token) {
            self.place.entries.truncate(end + 1);
            self.place.next = Next::Page(token);
        }
        Ok(())
    }
}
