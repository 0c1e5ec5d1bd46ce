//! The listing itself: page after page, message after message, until it has what was asked for, or a budget or the quota
//! ends.

mod messages;
mod quota;
mod shortening;

use std::time::Duration;

use shared::{
    domain::{
        mailbox::{MessageFormat, MessagePage, PageRequest},
        quota::units,
    },
    function::Deadline,
};
use tokio::time::Instant;

use super::{
    ahead::Ahead,
    body::Body,
    budget::Budget,
    continuation::{Continuation, Next},
    gmail::{Failure, Gmail},
    governor::{Account, Reservation},
    pace::at_once,
    parameters::Parameters,
};

/// The most entries that Gmail gives in a page.
const MAX_PAGE: u64 = 500;

/// One listing.
pub(crate) struct Listing<'a> {
    gmail: Gmail<'a>,
    /// The first page, if it is under way.
    ahead: Option<Ahead<'a>>,
    account: Account<'a>,
    parameters: Parameters,
    budget: Budget,
    /// How many batches fly at once at most.
    width: usize,
    place: Continuation,
    /// The token of the page that the entries at hand are of, and how many of it were handed out.
    page_token: Option<String>,
    handed_out: u64,
    body: Body,
    estimate: Option<u64>,
    pages: u32,
    /// What is left of the last reservation, and whether there was one, so that what is known of the quota is fresh.
    reserved: Option<Reservation>,
    has_reserved: bool,
    more_in: Option<Duration>,
}

/// What a listing comes to.
pub(crate) struct Listed {
    /// The answer's body.
    pub(crate) body: String,
    /// When there is more, if it was the quota that ended it.
    pub(crate) more_in: Option<Duration>,
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Go,
    Stop,
}

impl<'a> Listing<'a> {
    /// A listing that has not begun, but for its first page, which may be under way.
    pub(crate) fn new(
        gmail: Gmail<'a>,
        ahead: Option<Ahead<'a>>,
        account: Account<'a>,
        mut parameters: Parameters,
        width: usize,
        deadline: Deadline,
    ) -> Self {
        let place = std::mem::replace(&mut parameters.from, Continuation::beginning());
        Self {
            gmail,
            ahead,
            account,
            parameters,
            budget: Budget::until(deadline),
            width,
            place,
            page_token: None,
            handed_out: 0,
            body: Body::default(),
            estimate: None,
            pages: 0,
            reserved: None,
            has_reserved: false,
            more_in: None,
        }
    }

    /// Lists.
    pub(crate) async fn run(mut self) -> Result<Listed, Failure> {
        let ended = self.go().await;
        if let Some(rest) = self.reserved {
            self.account.settle(rest, 0).await;
        }
        ended?;
        let next = self.next_page_token().await?;
        let estimate = self.estimate.unwrap_or(self.body.count());
        Ok(Listed { body: self.body.finish(next.as_deref(), estimate), more_in: self.more_in })
    }

    async fn go(&mut self) -> Result<(), Failure> {
        while self.step().await? == Step::Go {}
        Ok(())
    }

    async fn step(&mut self) -> Result<Step, Failure> {
        if self.wanted() == 0 {
            return Ok(Step::Stop);
        }
        if !self.place.entries.is_empty() {
            return self.hand_out().await;
        }
        if self.place.next == Next::End {
            return Ok(Step::Stop);
        }
        self.page_token = self.place.next.token().map(str::to_owned);
        self.list().await
    }

    /// How many more messages are wanted.
    fn wanted(&self) -> u64 {
        self.parameters.max_results.map_or(u64::MAX, |max| max.saturating_sub(self.body.count()))
    }

    /// Whether this answer says something already, so that it may end here.
    fn has_begun(&self) -> bool {
        self.pages > 0 || !self.body.is_empty()
    }

    async fn list(&mut self) -> Result<Step, Failure> {
        let max_results = self.page_size();
        if self.has_begun() && !(self.budget.allows_page() && self.body.has_room_for(max_results)) {
            return Ok(Step::Stop);
        }
        let started = Instant::now();
        let page = match self.at_once() {
            None => {
                self.account.note(units(true, 0));
                self.page(max_results).await
            }
            Some(at_once) => {
                let Some(page) = self.page_within_quota(max_results, at_once.min(max_results)).await else {
                    return self.stop_for_quota();
                };
                page
            }
        };
        let page = match page {
            Ok(page) => page,
            // What was listed before is worth more than an error; the next answer begins here.
            Err(failure) if self.has_begun() && failure.is_passing() => {
                return Ok(if let Failure::Gmail(error) = failure { self.stop_for(&error) } else { Step::Stop });
            }
            Err(failure) => return Err(failure),
        };
        self.budget.took(started);
        self.take(page);
        Ok(Step::Go)
    }

    fn take(&mut self, page: MessagePage) {
        self.estimate = self.estimate.or(Some(page.result_size_estimate));
        self.pages += 1;
        self.handed_out = 0;
        self.place.entries = page.messages.into();
        self.place.next = page.next_page_token.map_or(Next::End, Next::Page);
    }

    /// One page, without more ado.
    async fn page(&mut self, max_results: u64) -> Result<MessagePage, Failure> {
        let query = &self.parameters.query;
        let request = PageRequest { query, max_results, page_token: self.page_token.as_deref() };
        self.gmail.page(&request, self.ahead.take()).await
    }

    fn page_size(&self) -> u64 {
        let reserved = self.reserved.map_or(0, |reservation| reservation.messages);
        page_size(&self.parameters, self.wanted(), || self.account.left().saturating_add(reserved))
    }

    /// How many messages fly at once; `None` if none are fetched.
    fn at_once(&self) -> Option<u64> {
        let at_once = at_once(self.width, &self.parameters.format)?;
        Some(u64::try_from(at_once).unwrap_or(u64::MAX))
    }

    async fn hand_out(&mut self) -> Result<Step, Failure> {
        match self.at_once() {
            None => Ok(self.hand_out_ids()),
            Some(at_once) => self.hand_out_messages(at_once).await,
        }
    }

    fn hand_out_ids(&mut self) -> Step {
        while self.wanted() > 0 {
            let Some(entry) = self.place.entries.front() else { return Step::Go };
            if self.body.push_ids(entry).is_err() {
                return Step::Stop;
            }
            self.handed_out();
        }
        Step::Stop
    }

    /// The first of the entries at hand is in the answer.
    fn handed_out(&mut self) {
        self.place.entries.pop_front();
        self.handed_out += 1;
    }
}

/// The size of the first page, if it may be asked for before quota for its messages is reserved.
pub(crate) fn first_page(parameters: &Parameters, account: Account<'_>, width: usize) -> Option<u64> {
    if at_once(width, &parameters.format).is_some() && account.is_scarce() {
        return None;
    }
    Some(page_size(parameters, parameters.max_results.unwrap_or(u64::MAX), || account.left()))
}

/// A page has what is wanted; if messages are fetched, no more than there is quota for, as far as is known, so that a
/// listing ends where a page does.
fn page_size(parameters: &Parameters, wanted: u64, left: impl FnOnce() -> u64) -> u64 {
    let most = if parameters.format == MessageFormat::Ids { MAX_PAGE } else { left().max(1) };
    wanted.min(MAX_PAGE).min(most)
}
