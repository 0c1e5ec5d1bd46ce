//! The listing itself: page after page, message after message, until it has what was asked for or a budget ends.

use serde_json::value::RawValue;
use shared::{
    domain::mailbox::{Action, GmailError, MessageFormat, MessageId, PageRequest},
    function::Deadline,
    google::gmail::RESPONSE_TOO_LARGE,
};
use tokio::time::Instant;

use super::{
    body::{Body, Full},
    budget::Budget,
    continuation::{Continuation, Next},
    gmail::{Failure, Gmail, Outcomes},
    parameters::Parameters,
};

/// The most entries that Gmail gives in a page.
const MAX_PAGE: u64 = 500;
/// How many batches fly at once.
const WIDTH: u64 = 2;

/// One listing.
pub(crate) struct Listing<'a> {
    gmail: Gmail<'a>,
    parameters: Parameters,
    budget: Budget,
    place: Continuation,
    body: Body,
    estimate: Option<u64>,
    pages: u32,
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Go,
    Stop,
}

impl<'a> Listing<'a> {
    /// A listing that has not begun.
    pub(crate) fn new(gmail: Gmail<'a>, mut parameters: Parameters, deadline: Deadline) -> Self {
        let place = std::mem::replace(&mut parameters.from, Continuation::beginning());
        let budget = Budget::until(deadline);
        Self { gmail, parameters, budget, place, body: Body::default(), estimate: None, pages: 0 }
    }

    /// Lists; the answer's body.
    pub(crate) async fn run(mut self) -> Result<String, Failure> {
        while self.step().await? == Step::Go {}
        let next = self.place.encode(&self.parameters.query);
        let estimate = self.estimate.unwrap_or(self.body.count());
        Ok(self.body.finish(next.as_deref(), estimate))
    }

    async fn step(&mut self) -> Result<Step, Failure> {
        if self.wanted() == 0 {
            return Ok(Step::Stop);
        }
        if !self.place.entries.is_empty() {
            return self.hand_out().await;
        }
        let token = match &self.place.next {
            Next::End => return Ok(Step::Stop),
            Next::FirstPage => None,
            Next::Page(token) => Some(token.clone()),
        };
        self.list(token.as_deref()).await
    }

    /// How many more messages are wanted.
    fn wanted(&self) -> u64 {
        self.parameters.max_results.map_or(u64::MAX, |max| max.saturating_sub(self.body.count()))
    }

    /// Whether this answer says something already, so that it may end here.
    fn has_begun(&self) -> bool {
        self.pages > 0 || !self.body.is_empty()
    }

    async fn list(&mut self, token: Option<&str>) -> Result<Step, Failure> {
        let max_results = self.page_size();
        if self.has_begun() && !(self.budget.allows_page(self.chunk().is_some()) && self.body.has_room_for(max_results))
        {
            return Ok(Step::Stop);
        }
        let started = Instant::now();
        let page = PageRequest { query: &self.parameters.query, max_results, page_token: token };
        let page = match self.gmail.page(&page).await {
            Ok(page) => page,
            // What was listed before is worth more than an error; the next answer begins here.
            Err(failure) if self.has_begun() && failure.is_passing() => return Ok(Step::Stop),
            Err(failure) => return Err(failure),
        };
        self.budget.spend_page();
        self.budget.took(started);
        self.estimate = self.estimate.or(Some(page.result_size_estimate));
        self.pages += 1;
        self.place.entries = page.messages.into();
        self.place.next = page.next_page_token.map_or(Next::End, Next::Page);
        Ok(Step::Go)
    }

    /// A page is as large as what can be handed out of it at once, so that a listing ends where a page does.
    fn page_size(&self) -> u64 {
        let most = match self.chunk() {
            None => MAX_PAGE,
            Some(chunk) => (WIDTH * chunk).min(self.budget.messages().max(1)),
        };
        self.wanted().min(most)
    }

    /// How many messages go into one batch: Gmail takes 100 and advises fewer than 50; 25 are seldom refused. Whole
    /// messages are large. `None` if none are fetched.
    fn chunk(&self) -> Option<u64> {
        match self.parameters.format {
            MessageFormat::Ids => None,
            MessageFormat::Minimal | MessageFormat::Metadata { .. } => Some(25),
            MessageFormat::Full => Some(10),
        }
    }

    async fn hand_out(&mut self) -> Result<Step, Failure> {
        match self.chunk() {
            None => Ok(self.hand_out_ids()),
            Some(chunk) => self.hand_out_messages(chunk).await,
        }
    }

    fn hand_out_ids(&mut self) -> Step {
        while self.wanted() > 0 {
            let Some(entry) = self.place.entries.front() else { return Step::Go };
            if self.body.push_ids(entry).is_err() {
                return Step::Stop;
            }
            self.place.entries.pop_front();
        }
        Step::Stop
    }

    async fn hand_out_messages(&mut self, chunk: u64) -> Result<Step, Failure> {
        let most = self.wanted().min(WIDTH * chunk).min(self.budget.messages().max(1));
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if !self.body.is_empty() && !self.budget.allows_page(true) {
            return Ok(Step::Stop);
        }
        let started = Instant::now();
        let ids: Vec<String> = self.place.entries.iter().take(most).map(|entry| entry.id.clone()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let chunk = usize::try_from(chunk).unwrap_or(usize::MAX);
        let (outcomes, asked) = match self.gmail.messages(&ids, &self.parameters.format, chunk).await {
            Ok(fetched) => fetched,
            Err(failure) if !self.body.is_empty() && failure.is_passing() => return Ok(Step::Stop),
            Err(failure) => return Err(failure),
        };
        self.budget.spend_messages(asked);
        self.budget.took(started);
        if let Some(error) = common_error(&outcomes) {
            // Nothing of this could be had: what was had before is the answer, and the next one begins here.
            return if self.body.is_empty() { Err(error.clone().into()) } else { Ok(Step::Stop) };
        }
        Ok(self.push_all(&outcomes, ids.len()))
    }

    fn push_all(&mut self, outcomes: &Outcomes, count: usize) -> Step {
        for _ in 0..count {
            let Some(entry) = self.place.entries.front().cloned() else { return Step::Go };
            if self.push(&entry, outcomes.get(&entry.id)).is_err() {
                return Step::Stop;
            }
            self.place.entries.pop_front();
        }
        Step::Go
    }

    fn push(&mut self, entry: &MessageId, outcome: Option<&Result<Box<RawValue>, GmailError>>) -> Result<(), Full> {
        match outcome {
            Some(Ok(message)) => match self.body.push_message(message) {
                // A message that does not fit an empty answer fits none.
                Err(Full) if self.body.is_empty() => self.body.push_error(entry, &too_large()),
                pushed => pushed,
            },
            Some(Err(error)) => self.body.push_error(entry, error),
            None => self.body.push_error(entry, &too_large()),
        }
    }
}

fn too_large() -> GmailError {
    GmailError {
        status: 413,
        reason: RESPONSE_TOO_LARGE.into(),
        message: String::new(),
        retry_after: None,
        of_part: false,
    }
}

/// The error because of which nothing at all could be had; `None` if something could, or if each message on its own is
/// the reason. So is one that is asked for alone and that Gmail keeps failing at inside a batch that succeeds: an error
/// would stop the listing before it forever.
fn common_error(outcomes: &Outcomes) -> Option<&GmailError> {
    let mut errors = outcomes.values().map(|outcome| outcome.as_ref().err());
    let is_alone = outcomes.len() == 1;
    let is_common = |error: &GmailError| {
        let own = is_alone && error.of_part && error.action() == Action::TryAgain;
        error.action() != Action::Gone && error.reason != RESPONSE_TOO_LARGE && !own
    };
    let first = outcomes.values().find_map(|outcome| outcome.as_ref().err())?;
    errors.all(|error| error.is_some_and(is_common)).then_some(first)
}
