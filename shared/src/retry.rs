//! Trying again: what failed for now, after a wait, within the deadline and within what a request may spend on it; one log
//! line a try.

use std::{cell::Cell, fmt::Display, time::Duration};

use crate::{
    domain::{authorization_server::TokenError, backoff::Backoff, random::Random},
    function::Deadline,
};

/// How often one request tries something again, whatever it is and whoever is asked: each call has its own bound, and where
/// several fail they would add up, just when whoever is asked has the least to spare. Calls that fail at once may each be
/// tried again with the last of it
/// ([timeouts, retries and backoff](https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/)).
pub const MOST_RETRIES: u32 = 16;

tokio::task_local! {
    static LEFT: Cell<u32>;
}

/// Runs what answers one request, which may try again [`MOST_RETRIES`] times.
pub(crate) async fn budgeted<T>(answered: impl Future<Output = T>) -> T {
    // It is large, and is carried through others.
    LEFT.scope(Cell::new(MOST_RETRIES), Box::pin(answered)).await
}

/// Whether the request may try again; what belongs to no request may.
pub(crate) fn is_affordable() -> bool {
    LEFT.try_with(|left| left.get() > 0).unwrap_or(true)
}

/// Takes a further try out of the request's budget.
pub(crate) fn spend() {
    // What belongs to no request has no budget.
    let _ = LEFT.try_with(|left| left.set(left.get().saturating_sub(1)));
}

/// How something is tried again.
#[derive(Clone, Copy)]
pub struct Retry<'a> {
    /// What is tried, for the log.
    pub call: &'static str,
    /// How often and how patiently.
    pub backoff: Backoff,
    /// When it has to be over.
    pub deadline: Deadline,
    /// Randomness for the jitter.
    pub random: &'a dyn Random,
}

/// Whether a failure is worth another try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Again {
    /// It would fail the same way.
    No,
    /// It may go better; not before the time that was asked for, if one was.
    After(Option<Duration>),
}

impl Again {
    /// Whether a failed request is worth another try that may be made more than once without harm, so that a lost answer
    /// is no obstacle.
    pub fn of_repeatable(error: &TokenError) -> Self {
        match error {
            TokenError::ForNow { retry_after, .. } => Self::After(*retry_after),
            TokenError::NotSent | TokenError::NoAnswer => Self::After(None),
            TokenError::InvalidGrant { .. }
            | TokenError::ClientRejected(_)
            | TokenError::BlockedByPolicy
            | TokenError::Malformed { .. } => Self::No,
        }
    }
}

impl Retry<'_> {
    /// Runs the attempt until it succeeds, fails for good, or there is no time for another one.
    ///
    /// # Errors
    /// That of the last attempt.
    pub async fn run<T, E, F>(
        &self,
        again: impl Fn(&E) -> Again + Send,
        mut attempt: impl FnMut() -> F + Send,
    ) -> Result<T, E>
    where
        E: Display + Send + Sync,
        F: Future<Output = Result<T, E>> + Send,
        T: Send,
    {
        let mut tried = 0;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            tried += 1;
            let Again::After(retry_after) = again(&error) else { return Err(error) };
            if !self.pause(tried, retry_after, &error).await {
                return Err(error);
            }
        }
    }

    /// Waits before the next try, if there is to be one.
    pub async fn pause(&self, tried: u32, retry_after: Option<Duration>, error: &(impl Display + Sync)) -> bool {
        if !is_affordable() {
            return false;
        }
        let Some(wait) = self.backoff.wait(tried, retry_after, self.deadline.remaining(), self.random) else {
            return false;
        };
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(call = self.call, tried, wait_ms, %error, "trying again");
        spend();
        tokio::time::sleep(wait).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::domain::random::SystemRandomness;

    /// How often something is tried that always fails, by whoever would try it a hundred times.
    async fn tries() -> u32 {
        let backoff = Backoff { first: Duration::ZERO, longest: Duration::ZERO, at_least: Duration::ZERO, tries: 100 };
        let random = SystemRandomness::default();
        let retry = Retry { call: "test", backoff, deadline: Deadline::after(Duration::from_mins(1)), random: &random };
        let tried = AtomicU32::new(0);
        let attempt = || {
            tried.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Err::<(), _>("no"))
        };
        assert!(retry.run(|_| Again::After(None), attempt).await.is_err());
        tried.into_inner()
    }

    #[tokio::test]
    async fn a_request_tries_again_so_often_at_most_whatever_fails() {
        let counts = budgeted(async { [tries().await, tries().await] }).await;
        assert_eq!(counts, [1 + MOST_RETRIES, 1]);
    }

    #[tokio::test]
    async fn each_request_has_a_budget_of_its_own_and_what_belongs_to_none_has_no_bound() {
        assert_eq!(budgeted(tries()).await, budgeted(tries()).await);
        assert_eq!(tries().await, 100);
    }

    #[tokio::test]
    async fn further_tries_that_another_makes_count_too() {
        let left = budgeted(async {
            let mut spent = 0;
            while is_affordable() {
                spend();
                spent += 1;
            }
            (spent, tries().await)
        });
        assert_eq!(left.await, (MOST_RETRIES, 1));
    }
}
