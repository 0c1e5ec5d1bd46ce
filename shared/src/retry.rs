//! Trying again: what failed for now, after a wait, within the deadline; one log line a try.

use std::{fmt::Display, time::Duration};

use crate::{
    domain::{authorization_server::TokenError, backoff::Backoff, random::Random},
    function::Deadline,
};

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
        let Some(wait) = self.backoff.wait(tried, retry_after, self.deadline.remaining(), self.random) else {
            return false;
        };
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(call = self.call, tried, wait_ms, %error, "trying again");
        tokio::time::sleep(wait).await;
        true
    }
}
