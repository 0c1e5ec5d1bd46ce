//! `messages.list`.
//!
//! <https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list>

use serde_json::{Value, json};

use super::{
    answer::Answer, mailbox::Mailbox, message::Message, page_token::Binding, parameters::Parameters, query::Query,
};

/// The query parameters of the method.
pub(super) const PARAMETERS: [&str; 5] = ["includeSpamTrash", "labelIds", "maxResults", "pageToken", "q"];

const DEFAULT_RESULTS: u32 = 100;
const MOST_RESULTS: u32 = 500;

/// Gmail counts no further than this.
const ESTIMATE_LIMIT: usize = 201;

/// What is listed.
pub(super) struct Request {
    query: Query,
    label_ids: Vec<String>,
    aside: bool,
    limit: usize,
    start: Option<u64>,
    binding: Binding,
}

impl Request {
    pub(super) fn parse(parameters: &Parameters, sub: &str) -> Result<Self, Answer> {
        let q = parameters.find("q").unwrap_or_default();
        let label_ids = parameters.all("labelIds");
        let aside = parameters.boolean("includeSpamTrash", false)?;
        let binding = Binding::new(&[sub, q, &label_ids.join(","), if aside { "aside" } else { "" }]);
        let start = parameters.find("pageToken").map(|token| binding.serial(token));
        if start == Some(None) {
            return Err(Answer::invalid("Invalid pageToken"));
        }
        let limit = match parameters.number("maxResults", DEFAULT_RESULTS)? {
            0 => DEFAULT_RESULTS,
            limit => limit.min(MOST_RESULTS),
        };
        let limit = usize::try_from(limit).unwrap_or_default();
        Ok(Self { query: Query::parse(q), label_ids, aside, limit, start: start.flatten(), binding })
    }

    /// A page: no `messages` where there are none, and no `nextPageToken` on the last.
    pub(super) fn page(&self, mailbox: &Mailbox<'_>) -> Value {
        let mut matching = mailbox.newest_first(self.start).filter(|message| self.takes(message));
        let page: Vec<Message<'_>> = matching.by_ref().take(self.limit).collect();
        let next = matching.next();
        let seen = page.len() + usize::from(next.is_some());
        let beyond = matching.take(ESTIMATE_LIMIT.saturating_sub(seen)).count();
        let mut body = json!({ "resultSizeEstimate": (seen + beyond).min(ESTIMATE_LIMIT) });
        if let Some(body) = body.as_object_mut() {
            if !page.is_empty() {
                let entry = |message: &Message<'_>| json!({ "id": message.id(), "threadId": message.thread_id() });
                body.insert("messages".to_owned(), page.iter().map(entry).collect());
            }
            if let Some(next) = next {
                body.insert("nextPageToken".to_owned(), json!(self.binding.token(next.serial)));
            }
        }
        body
    }

    fn takes(&self, message: &Message<'_>) -> bool {
        let wanted_aside = |label: &String| label == "SPAM" || label == "TRASH";
        let aside = self.aside || self.query.looks_aside() || self.label_ids.iter().any(wanted_aside);
        if message.is_aside() && !aside {
            return false;
        }
        let labels = || message.label_ids();
        let labelled =
            self.label_ids.is_empty() || self.label_ids.iter().all(|label| labels().contains(&label.as_str()));
        labelled && self.query.matches(message)
    }
}
