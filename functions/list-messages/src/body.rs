//! The answer's body, written as it grows so that its size is known.

use serde::Serialize;
use serde_json::value::RawValue;
use shared::domain::mailbox::{GmailError, MessageId};

/// The most bytes of the body, less what the rest of it may take.
const MAX_BYTES: usize = 5 * 1024 * 1024 - RESERVE;
/// The most bytes of the body inside Lambda's answer, which takes 6 MiB and escapes it once more
/// ([quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)).
const MAX_ESCAPED_BYTES: usize = 6 * 1024 * 1024 - 2 * RESERVE;
/// Room for `nextPageToken`, `errors` and what is around them.
const RESERVE: usize = 64 * 1024;

/// Gmail's `ListMessagesResponse`, with what could not be had.
#[derive(Debug, Default)]
pub(crate) struct Body {
    messages: String,
    escaped: usize,
    count: u64,
    errors: Vec<NotHad>,
}

/// A message that could not be had.
#[derive(Debug, Serialize)]
struct NotHad {
    id: String,
    status: u16,
    reason: String,
}

/// An entry that there is no room for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Full;

impl Body {
    /// How many entries there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Whether there is no entry yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a page of that many identifiers fits for sure.
    pub(crate) fn has_room_for(&self, entries: u64) -> bool {
        // An identifier has 16 characters; four times as many would still fit.
        let bytes = usize::try_from(entries).unwrap_or(usize::MAX).saturating_mul(192);
        self.fits(bytes, bytes)
    }

    /// Adds a message's identifiers.
    pub(crate) fn push_ids(&mut self, entry: &MessageId) -> Result<(), Full> {
        let (id, thread_id) = (entry.id.as_str(), entry.thread_id.as_str());
        if !(is_plain(id) && is_plain(thread_id)) {
            let entry = serde_json::to_string(entry).unwrap_or_default();
            return self.push(&[&entry], escaped_length(&entry));
        }
        let parts = [r#"{"id":""#, id, r#"","threadId":""#, thread_id, r#""}"#];
        let quotes = 8;
        self.push(&parts, parts.iter().map(|part| part.len()).sum::<usize>() + quotes)
    }

    /// Adds a message as Gmail wrote it.
    pub(crate) fn push_message(&mut self, message: &RawValue) -> Result<(), Full> {
        self.push(&[message.get()], escaped_length(message.get()))
    }

    /// Adds the identifiers of a message that could not be had, and why.
    pub(crate) fn push_error(&mut self, entry: &MessageId, error: &GmailError) -> Result<(), Full> {
        self.push_ids(entry)?;
        // Where Gmail gave no answer at all, there is no status of its own to pass on.
        let status = if error.status == 0 { 503 } else { error.status };
        let reason = if error.reason.is_empty() { "unknown" } else { &error.reason };
        self.errors.push(NotHad { id: entry.id.to_string(), status, reason: reason.to_owned() });
        Ok(())
    }

    /// Adds an entry, given in parts, with its length inside a JSON string.
    fn push(&mut self, entry: &[&str], escaped: usize) -> Result<(), Full> {
        if !self.fits(entry.iter().map(|part| part.len()).sum(), escaped) {
            return Err(Full);
        }
        if self.count > 0 {
            self.messages.push(',');
        }
        for part in entry {
            self.messages.push_str(part);
        }
        self.escaped += escaped + 1;
        self.count += 1;
        Ok(())
    }

    fn fits(&self, bytes: usize, escaped: usize) -> bool {
        // Each error has about as many bytes as the identifiers it goes with.
        let errors = self.errors.len() * 128;
        self.messages.len() + bytes + errors < MAX_BYTES && self.escaped + escaped + errors < MAX_ESCAPED_BYTES
    }

    /// The whole body.
    pub(crate) fn finish(self, next_page_token: Option<&str>, result_size_estimate: u64) -> String {
        let mut body = format!("{{\"messages\":[{}]", self.messages);
        if let Some(token) = next_page_token {
            body.push_str(",\"nextPageToken\":");
            body.push_str(&serde_json::to_string(token).unwrap_or_default());
        }
        body.push_str(",\"resultSizeEstimate\":");
        body.push_str(&result_size_estimate.to_string());
        if !self.errors.is_empty() {
            body.push_str(",\"errors\":");
            body.push_str(&serde_json::to_string(&self.errors).unwrap_or_default());
        }
        body.push('}');
        body
    }
}

/// Whether a text is inside a JSON string what it is outside. Gmail's identifiers are.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// How long a text is inside a JSON string.
fn escaped_length(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(id: &str) -> MessageId {
        MessageId { id: id.into(), thread_id: id.into() }
    }

    #[test]
    fn an_empty_listing_has_an_empty_list() {
        assert_eq!(Body::default().finish(None, 0), r#"{"messages":[],"resultSizeEstimate":0}"#);
    }

    #[test]
    fn what_could_not_be_had_is_named_and_keeps_its_place() {
        let mut body = Body::default();
        let message = RawValue::from_string(r#"{"id":"a","snippet":"x"}"#.into()).unwrap();
        body.push_message(&message).unwrap();
        let gone = GmailError {
            status: 404,
            reason: "notFound".into(),
            message: String::new(),
            retry_after: None,
            of_part: false,
        };
        body.push_error(&entry("b"), &gone).unwrap();
        assert_eq!(
            body.finish(Some("~t"), 2),
            r#"{"messages":[{"id":"a","snippet":"x"},{"id":"b","threadId":"b"}],"nextPageToken":"~t","resultSizeEstimate":2,"errors":[{"id":"b","status":404,"reason":"notFound"}]}"#
        );
    }

    #[test]
    fn a_body_stays_within_5_mib_and_inside_lambdas_6_mib() {
        for text in ["x".repeat(100_000), "\\\"".repeat(50_000)] {
            let message = RawValue::from_string(format!("\"{text}\"")).unwrap();
            let mut body = Body::default();
            while body.push_message(&message).is_ok() {}
            let body = body.finish(None, 0);
            assert!(body.len() <= 5 * 1024 * 1024, "{}", body.len());
            assert!(serde_json::to_string(&body).unwrap().len() <= 6 * 1024 * 1024);
            assert!(body.len() > 2 * 1024 * 1024, "{}", body.len());
        }
    }

    proptest! {
        #[test]
        fn identifiers_are_written_and_measured_as_any_other_json(id in "[0-9a-f]{16}|.{0,9}", thread_id in "[0-9a-f]{16}|.{0,9}") {
            let entry = MessageId { id: id.into(), thread_id: thread_id.into() };
            let mut body = Body::default();
            body.push_ids(&entry).unwrap();
            let json = serde_json::to_string(&entry).unwrap();
            prop_assert_eq!(&body.messages, &json);
            prop_assert_eq!(body.escaped, escaped_length(&json) + 1);
        }

        #[test]
        fn the_escaped_length_is_that_of_the_text_as_json(text: String) {
            prop_assert_eq!(escaped_length(&text) + 2, serde_json::to_string(&text).unwrap().len());
        }
    }
}
