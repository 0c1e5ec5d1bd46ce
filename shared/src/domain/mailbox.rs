//! Gmail as a mailbox that is listed and read.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use smol_str::SmolStr;

use super::secret::AccessToken;

/// What a page of a listing costs of
/// [Gmail's quota for each user and minute](https://developers.google.com/workspace/gmail/api/reference/quota), in units.
pub const UNITS_OF_PAGE: u64 = 5;
/// What a message costs, in whatever format, also in a batch.
pub const UNITS_OF_MESSAGE: u64 = 20;

/// Lists and reads the messages of the account that an access token stands for. Each method is one request.
#[async_trait]
pub trait Mailbox: Send + Sync {
    /// One page of
    /// [messages.list](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list).
    async fn list(
        &self,
        token: &AccessToken,
        page: &PageRequest<'_>,
        timeout: Duration,
    ) -> Result<MessagePage, GmailError>;

    /// Many [messages.get](https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/get) in one
    /// [batch](https://developers.google.com/workspace/gmail/api/guides/batch): each has its own outcome, by its id.
    async fn fetch(
        &self,
        token: &AccessToken,
        ids: &[&str],
        format: &MessageFormat,
        timeout: Duration,
    ) -> Result<HashMap<String, Result<Box<RawValue>, GmailError>>, GmailError>;
}

/// Which messages, by Gmail's own parameters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MessageQuery {
    /// Gmail's search language.
    pub q: Option<String>,
    /// Labels that all must be on a message.
    pub label_ids: Vec<String>,
    /// Whether spam and trash count.
    pub include_spam_trash: bool,
}

/// One page of a listing.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<'a> {
    /// Which messages.
    pub query: &'a MessageQuery,
    /// The most entries, 1 to 500.
    pub max_results: u64,
    /// Where the page before ended.
    pub page_token: Option<&'a str>,
}

/// A page of a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessagePage {
    /// The entries; Gmail leaves them out when there are none.
    #[serde(default)]
    pub messages: Vec<MessageId>,
    /// Where the next page begins, if there is one.
    #[serde(default)]
    pub next_page_token: Option<String>,
    /// About how many messages there are in all.
    #[serde(default)]
    pub result_size_estimate: u64,
}

/// A message's identifiers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageId {
    /// The message's.
    pub id: SmolStr,
    /// Its thread's.
    pub thread_id: SmolStr,
}

/// How much of each message is wanted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum MessageFormat {
    /// The identifiers, which listing gives.
    #[default]
    Ids,
    /// Identifiers, labels, snippet, sizes.
    Minimal,
    /// The same and headers: all, or those named.
    Metadata {
        /// Names of headers; empty for all.
        headers: Vec<String>,
    },
    /// The same and the parsed body.
    Full,
}

/// Why Gmail did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("Gmail answers {status} {reason}")]
pub struct GmailError {
    /// The HTTP status; 0 if there was no answer.
    pub status: u16,
    /// Gmail's own word for the reason.
    pub reason: String,
    /// Gmail's sentence; for a caller to see only where Gmail found the caller's request wrong.
    pub message: String,
    /// What `Retry-After` says.
    pub retry_after: Option<Duration>,
    /// Whether it is of one message inside a batch that itself succeeded.
    pub of_part: bool,
}

/// What a Gmail error calls for. The one table of
/// [Gmail's errors](https://developers.google.com/workspace/gmail/api/guides/handle-errors).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Refresh the access token once and try once more.
    Refresh,
    /// Ask the user for the scope that is missing.
    AskForScope,
    /// Wait and try again: Gmail limits the rate.
    SlowDown,
    /// Nothing before tomorrow: the day's quota is used up.
    WaitForTomorrow,
    /// Nothing: the account's organization forbids it.
    ToldByPolicy,
    /// The operator must enable the Gmail API.
    EnableApi,
    /// The caller's request is wrong.
    CorrectRequest,
    /// The message is not there, or no longer.
    Gone,
    /// Wait and try again: Gmail has trouble.
    TryAgain,
    /// Give up: an answer that we have no rule for.
    GiveUp,
}

impl GmailError {
    /// The action that this error calls for.
    pub fn action(&self) -> Action {
        match (self.status, self.reason.as_str()) {
            (401, _) => Action::Refresh,
            (403, "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT") => Action::AskForScope,
            (403 | 429, "dailyLimitExceeded") => Action::WaitForTomorrow,
            (403, "rateLimitExceeded" | "userRateLimitExceeded" | "RATE_LIMIT_EXCEEDED") | (429, _) => Action::SlowDown,
            (403, "domainPolicy") => Action::ToldByPolicy,
            (403, "accessNotConfigured" | "SERVICE_DISABLED") => Action::EnableApi,
            (400, _) => Action::CorrectRequest,
            (404, _) => Action::Gone,
            (0 | 408 | 500.., _) => Action::TryAgain,
            _ => Action::GiveUp,
        }
    }

    /// Whether a later try may go better.
    pub fn is_transient(&self) -> bool {
        matches!(self.action(), Action::SlowDown | Action::TryAgain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gmail_error_calls_for_exactly_one_action() {
        for (status, reason, action) in [
            (401, "authError", Action::Refresh),
            (403, "insufficientPermissions", Action::AskForScope),
            (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", Action::AskForScope),
            (403, "rateLimitExceeded", Action::SlowDown),
            (403, "userRateLimitExceeded", Action::SlowDown),
            (429, "rateLimitExceeded", Action::SlowDown),
            (429, "", Action::SlowDown),
            (403, "dailyLimitExceeded", Action::WaitForTomorrow),
            (429, "dailyLimitExceeded", Action::WaitForTomorrow),
            (403, "domainPolicy", Action::ToldByPolicy),
            (403, "accessNotConfigured", Action::EnableApi),
            (403, "SERVICE_DISABLED", Action::EnableApi),
            (403, "somethingNew", Action::GiveUp),
            (400, "invalidArgument", Action::CorrectRequest),
            (404, "notFound", Action::Gone),
            (408, "", Action::TryAgain),
            (500, "backendError", Action::TryAgain),
            (503, "", Action::TryAgain),
            (0, "", Action::TryAgain),
            (418, "", Action::GiveUp),
        ] {
            let error =
                GmailError { status, reason: reason.into(), message: String::new(), retry_after: None, of_part: false };
            assert_eq!(error.action(), action, "{status} {reason}");
        }
    }
}
