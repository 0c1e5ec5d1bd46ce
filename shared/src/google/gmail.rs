//! The Gmail API ([reference](https://developers.google.com/workspace/gmail/api/reference/rest)).

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::{
    batch,
    http::{NoAnswer, object, read_body, retry_after},
};
use crate::{
    domain::{
        mailbox::{GmailError, Mailbox, MessageFormat, MessagePage, PageRequest},
        quota::units,
        secret::AccessToken,
    },
    telemetry::{Metric, count, timed},
};

/// The most bytes of a page; one of 500 entries has about thirty thousand.
const MAX_PAGE: usize = 1024 * 1024;
/// The most bytes of the answer to a batch of whole messages, of which two are under way at once, so that large ones do
/// not exhaust the function's memory.
const MAX_FULL_BATCH: usize = 8 * 1024 * 1024;
/// The same of any other batch, of which many are under way at once.
const MAX_BATCH: usize = 1024 * 1024;
/// The fields of a page that are used ([partial responses](https://developers.google.com/workspace/gmail/api/guides/performance#partial-response)).
const PAGE_FIELDS: &str = "messages(id,threadId),nextPageToken,resultSizeEstimate";

/// The most characters of Gmail's sentence that are kept.
const MAX_MESSAGE: usize = 1_000;

/// The reason given for an answer that is larger than is read.
pub const RESPONSE_TOO_LARGE: &str = "responseTooLarge";

/// The mailbox of the account that each access token stands for.
#[derive(Clone, Debug)]
pub struct GmailMailbox {
    http: Client,
    base: Url,
}

impl GmailMailbox {
    /// The Gmail API at a base address.
    pub fn new(http: Client, base: Url) -> Self {
        Self { http, base }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }
}

#[async_trait]
impl Mailbox for GmailMailbox {
    async fn list(
        &self,
        token: &AccessToken,
        page: &PageRequest<'_>,
        timeout: Duration,
    ) -> Result<MessagePage, GmailError> {
        let mut url = self.url("/gmail/v1/users/me/messages");
        url.query_pairs_mut()
            .append_pair("maxResults", &page.max_results.to_string())
            .append_pair("fields", PAGE_FIELDS)
            .append_pair("prettyPrint", "false")
            .extend_pairs(page.query.q.as_ref().map(|q| ("q", q)))
            .extend_pairs(page.query.label_ids.iter().map(|label| ("labelIds", label)))
            .extend_pairs(page.query.include_spam_trash.then_some(("includeSpamTrash", "true")))
            .extend_pairs(page.page_token.map(|token| ("pageToken", token)));
        let request = self.http.get(url).bearer_auth(token.reveal()).timeout(timeout);
        let (_, body) = timed("gmail.list", answer(request, units(true, 0), MAX_PAGE)).await?;
        object(&body).ok_or_else(malformed)
    }

    async fn fetch(
        &self,
        token: &AccessToken,
        ids: &[&str],
        format: &MessageFormat,
        timeout: Duration,
    ) -> Result<HashMap<String, Result<Box<RawValue>, GmailError>>, GmailError> {
        let request = self
            .http
            .post(self.url("/batch/gmail/v1"))
            .bearer_auth(token.reveal())
            .header("content-type", batch::CONTENT_TYPE)
            .body(batch::request(ids, format))
            .timeout(timeout);
        let units = units(false, u64::try_from(ids.len()).unwrap_or(u64::MAX));
        let limit = if *format == MessageFormat::Full { MAX_FULL_BATCH } else { MAX_BATCH };
        let (content_type, body) = timed("gmail.batch", answer(request, units, limit)).await?;
        let parts = batch::parse(&content_type, &body).ok_or_else(malformed)?;
        let found = parts.into_iter().filter_map(|part| {
            let id = *ids.get(part.index)?;
            Some((id.to_owned(), outcome(id, &part).map_err(of_part)))
        });
        let mut outcomes: HashMap<_, _> = found.collect();
        for id in ids {
            outcomes.entry((*id).to_owned()).or_insert_with(|| Err(of_part(malformed())));
        }
        Ok(outcomes)
    }
}

/// Sends a request that costs so many units; the media type and the body of a successful answer.
async fn answer(request: RequestBuilder, units: u64, limit: usize) -> Result<(String, Bytes), GmailError> {
    let sent = request.send().await.map_err(NoAnswer::from);
    if !matches!(sent, Err(NoAnswer::NotSent)) {
        count(Metric::GmailQuotaUnits, units);
    }
    let response = sent.map_err(no_answer)?;
    let (status, wait) = (response.status(), retry_after(&response));
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let body = read_body(response, limit).await;
    if status.is_success() {
        return Ok((content_type, body.map_err(no_answer)?));
    }
    // The status tells enough where the page behind it cannot be read.
    Err(gmail_error(status.as_u16(), &body.unwrap_or_default(), wait))
}

/// The message with that id, or why it could not be had.
fn outcome(id: &str, part: &batch::Part<'_>) -> Result<Box<RawValue>, GmailError> {
    if part.status != 200 {
        return Err(gmail_error(part.status, part.body, part.retry_after));
    }
    let is_it = object::<WireMessage>(part.body).is_some_and(|message| message.id == id);
    is_it.then(|| serde_json::from_slice(part.body).ok()).flatten().ok_or_else(malformed)
}

fn of_part(error: GmailError) -> GmailError {
    GmailError { of_part: true, ..error }
}

fn no_answer(error: NoAnswer) -> GmailError {
    let (status, reason) = match error {
        NoAnswer::NotSent | NoAnswer::Lost => (0, "noAnswer"),
        NoAnswer::TooLarge => (413, RESPONSE_TOO_LARGE),
    };
    GmailError { status, reason: reason.into(), message: String::new(), retry_after: None, of_part: false }
}

fn malformed() -> GmailError {
    GmailError {
        status: 0,
        reason: "malformedAnswer".into(),
        message: String::new(),
        retry_after: None,
        of_part: false,
    }
}

/// Reads [Gmail's error](https://developers.google.com/workspace/gmail/api/guides/handle-errors): the reason of its
/// first entry, or of its `ErrorInfo` detail, which is more exact where both are there.
fn gmail_error(status: u16, body: &[u8], retry_after: Option<Duration>) -> GmailError {
    let error = object::<WireBody>(body).unwrap_or_default().error;
    let detail = error.details.into_iter().map(|detail| detail.reason).find(|reason| !reason.is_empty());
    let entry = error.errors.into_iter().map(|entry| entry.reason).find(|reason| !reason.is_empty());
    let reason = match (entry, detail) {
        (Some(entry), Some(detail)) if entry == "forbidden" => detail,
        (Some(entry), _) => entry,
        (None, Some(detail)) => detail,
        (None, None) => error.status,
    };
    let reason = if is_word(&reason) { reason } else { String::new() };
    let message = error.message.chars().take(MAX_MESSAGE).collect();
    GmailError { status, reason, message, retry_after, of_part: false }
}

/// Whether a reason is a word such as Gmail uses, fit to be passed on.
fn is_word(reason: &str) -> bool {
    reason.len() <= 64 && reason.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[derive(Deserialize)]
struct WireMessage {
    id: String,
}

#[derive(Default, Deserialize)]
struct WireBody {
    #[serde(default)]
    error: WireError,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireError {
    message: String,
    status: String,
    errors: Vec<WireReason>,
    details: Vec<WireReason>,
}

#[derive(Default, Deserialize)]
struct WireReason {
    #[serde(default)]
    reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gmails_reason_is_read_wherever_gmail_puts_it() {
        for (body, reason) in [
            (
                r#"{"error":{"code":403,"message":"m","errors":[{"domain":"usageLimits","reason":"userRateLimitExceeded"}]}}"#,
                "userRateLimitExceeded",
            ),
            (
                r#"{"error":{"errors":[{"reason":"insufficientPermissions"}],"details":[{"@type":"t","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#,
                "insufficientPermissions",
            ),
            (
                r#"{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[]},{"reason":"SERVICE_DISABLED"}]}}"#,
                "SERVICE_DISABLED",
            ),
            (
                r#"{"error":{"errors":[{"reason":"forbidden"}],"details":[{"reason":"SERVICE_DISABLED"}]}}"#,
                "SERVICE_DISABLED",
            ),
            (r#"{"error":{"status":"PERMISSION_DENIED"}}"#, "PERMISSION_DENIED"),
            (r#"{"error":"text"}"#, ""),
            ("<html>", ""),
        ] {
            assert_eq!(gmail_error(403, body.as_bytes(), None).reason, reason, "{body}");
        }
    }

    #[test]
    fn only_a_word_is_passed_on_as_a_reason() {
        for (reason, is_one) in [
            ("rate_Limit2", true),
            ("two words", false),
            ("<b>", false),
            (&"a".repeat(64), true),
            (&"a".repeat(65), false),
        ] {
            assert_eq!(is_word(reason), is_one, "{reason}");
        }
    }
}
