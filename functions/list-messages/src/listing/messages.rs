//! Hands out whole messages: as many as there is quota for, in batches.

use futures_util::future::{OptionFuture, join};
use serde_json::value::RawValue;
use shared::{
    domain::mailbox::{Action, GmailError, MessageId},
    google::gmail::RESPONSE_TOO_LARGE,
};
use tokio::time::Instant;

use super::{Listing, Step};
use crate::{
    body::Full,
    continuation::Next,
    gmail::{Failure, Outcomes},
    governor::Reservation,
};

impl Listing<'_> {
    pub(super) async fn hand_out_messages(&mut self, at_once: u64) -> Result<Step, Failure> {
        if !self.body.is_empty() && !self.budget.allows_page() {
            return Ok(Step::Stop);
        }
        let there = u64::try_from(self.place.entries.len()).unwrap_or(u64::MAX);
        let most = self.wanted().min(at_once).min(there);
        let Some(reservation) = self.reservation(most).await else { return self.stop_for_quota() };
        let count = most.min(reservation.messages);
        let started = Instant::now();
        let outcomes = match self.fetch(reservation, count, there).await {
            Ok(outcomes) => outcomes,
            Err(failure) if !self.body.is_empty() && failure.is_passing() => return Ok(Step::Stop),
            Err(failure) => return Err(failure),
        };
        self.budget.took(started);
        if let Some(error) = common_error(&outcomes) {
            // Nothing of this could be had: what was had before is the answer, and the next one begins here.
            return if self.body.is_empty() { Err(error.clone().into()) } else { Ok(self.stop_for(error)) };
        }
        let Some((rest, error)) = self.passing_end(&outcomes, count) else {
            return Ok(self.push_all(&outcomes, count));
        };
        // The same holds where only the end could not be had.
        let stopped = self.stop_for(error);
        self.push_all(&outcomes, count - rest);
        Ok(stopped)
    }

    /// How many of the last messages could not be had, and why, where that has to do with none of them and passes.
    fn passing_end<'o>(&self, outcomes: &'o Outcomes, count: u64) -> Option<(u64, &'o GmailError)> {
        let asked = self.place.entries.iter().take(usize::try_from(count).unwrap_or(usize::MAX));
        let errors = asked.rev().map_while(|entry| outcomes.get(entry.id.as_str())?.as_ref().err());
        let mut passing =
            errors.take_while(|error| error.is_transient() && !(error.of_part && error.action() == Action::TryAgain));
        let last = passing.next()?;
        Some((u64::try_from(passing.count()).unwrap_or(u64::MAX).saturating_add(1), last))
    }

    /// Fetches the first so many of the entries that are there. Beside it, a reservation is settled that is for more than
    /// there is, or that was made too long ago.
    async fn fetch(&mut self, reservation: Reservation, count: u64, there: u64) -> Result<Outcomes, Failure> {
        let is_too_much = self.place.next == Next::End && reservation.messages > there;
        let settles = is_too_much || self.account.is_old(&reservation);
        let settled = settles.then(|| self.account.settle(reservation, count));
        self.reserved = if settles { None } else { reservation.less(count) };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let ids: Vec<&str> = self.place.entries.iter().take(count).map(|entry| entry.id.as_str()).collect();
        let fetched = self.gmail.messages(&ids, &self.parameters.format);
        join(fetched, OptionFuture::from(settled)).await.0
    }

    fn push_all(&mut self, outcomes: &Outcomes, count: u64) -> Step {
        for place in 0..count {
            let Some(entry) = self.place.entries.front().cloned() else { return Step::Go };
            let outcome = outcomes.get(entry.id.as_str());
            if outcome.is_none() && place > 0 {
                // There was more than enough before it.
                return Step::Go;
            }
            if self.push(&entry, outcome).is_err() {
                return Step::Stop;
            }
            self.handed_out();
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
