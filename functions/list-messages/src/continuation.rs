//! Where a listing stopped, as a `pageToken`.
//!
//! At the end of one of Gmail's pages it is Gmail's own token. Within a page it is ours: the entries of the page that
//! were not handed out, and Gmail's token for what is behind them. Nothing is lost and nothing comes twice, whatever
//! arrives in or leaves the mailbox meanwhile.

use std::collections::VecDeque;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use shared::domain::mailbox::{MessageId, MessageQuery};

/// What our own tokens begin with; Gmail's do not.
const OURS: char = '~';
/// The most entries that a token carries.
const MAX_ENTRIES: usize = 100;

/// A place in a listing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Continuation {
    /// Entries that were listed and not handed out.
    pub(crate) entries: VecDeque<MessageId>,
    /// What is behind them.
    pub(crate) next: Next,
}

/// What is behind the entries at hand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// The first page.
    FirstPage,
    /// The page of that token.
    Page(String),
    /// Nothing.
    End,
}

impl Continuation {
    /// The beginning of a listing.
    pub(crate) fn beginning() -> Self {
        Self { entries: VecDeque::new(), next: Next::FirstPage }
    }

    /// Reads a token; `None` if it is one of ours that is damaged or was made for another query. Gmail tells of its
    /// own.
    pub(crate) fn decode(token: &str, query: &MessageQuery) -> Option<Self> {
        let Some(ours) = token.strip_prefix(OURS) else {
            return Some(Self { entries: VecDeque::new(), next: Next::Page(token.to_owned()) });
        };
        let wire: Wire = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(ours).ok()?).ok()?;
        let fits = wire.query == fingerprint(query) && (1..=MAX_ENTRIES).contains(&wire.entries.len());
        let entries = wire.entries.iter().map(|entry| parse(entry)).collect::<Option<_>>()?;
        fits.then(|| Self { entries, next: wire.next.map_or(Next::End, Next::Page) })
    }

    /// The token of this place; `None` at the end.
    pub(crate) fn encode(&self, query: &MessageQuery) -> Option<String> {
        if self.entries.is_empty() {
            return match &self.next {
                Next::Page(token) => Some(token.clone()),
                Next::FirstPage | Next::End => None,
            };
        }
        let next = match &self.next {
            Next::Page(token) => Some(token.clone()),
            Next::FirstPage | Next::End => None,
        };
        let wire = Wire { query: fingerprint(query), entries: self.entries.iter().map(print).collect(), next };
        Some(format!("{OURS}{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(&wire).unwrap_or_default())))
    }
}

#[derive(Deserialize, Serialize)]
struct Wire {
    #[serde(rename = "q")]
    query: String,
    #[serde(rename = "e")]
    entries: Vec<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// An entry; the thread's identifier is left out where it is the message's, as that of every first message is.
fn print(entry: &MessageId) -> String {
    if entry.id == entry.thread_id { entry.id.clone() } else { format!("{}.{}", entry.id, entry.thread_id) }
}

fn parse(entry: &str) -> Option<MessageId> {
    let (id, thread_id) = entry.split_once('.').unwrap_or((entry, entry));
    (is_identifier(id) && is_identifier(thread_id))
        .then(|| MessageId { id: id.to_owned(), thread_id: thread_id.to_owned() })
}

fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Tells whether a token belongs to a query; it guards against mistakes, not against forgery, which would gain
/// nothing: the entries are only ever read from the caller's own mailbox.
fn fingerprint(query: &MessageQuery) -> String {
    let labels = query.label_ids.join("\0");
    let text = format!("{}\0\0{labels}\0\0{}", query.q.as_deref().unwrap_or_default(), query.include_spam_trash);
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref().get(..6).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn entries()(ids in prop::collection::vec(("[0-9a-f]{16}", "[0-9a-f]{16}", any::<bool>()), 0..=50)) -> VecDeque<MessageId> {
            ids.into_iter().map(|(id, thread, first)| MessageId { thread_id: if first { id.clone() } else { thread }, id }).collect()
        }
    }

    proptest! {
        #[test]
        fn every_place_within_a_listing_is_found_again(entries in entries(), next in prop::option::of("[0-9]{1,20}"), q in prop::option::of(".*")) {
            let place = Continuation { entries, next: next.map_or(Next::End, Next::Page) };
            let query = MessageQuery { q, ..MessageQuery::default() };
            match place.encode(&query) {
                None => prop_assert_eq!(place, Continuation { entries: VecDeque::new(), next: Next::End }),
                Some(token) => {
                    prop_assert!(token.len() < 6_000);
                    prop_assert_eq!(Continuation::decode(&token, &query), Some(place));
                }
            }
        }

        #[test]
        fn no_token_is_a_surprise(token: String) {
            let _ = Continuation::decode(&token, &MessageQuery::default());
            let _ = Continuation::decode(&format!("~{token}"), &MessageQuery::default());
        }
    }

    #[test]
    fn a_token_of_another_query_or_with_a_path_in_it_is_refused() {
        let entry = |id: &str| MessageId { id: id.into(), thread_id: "t".into() };
        let place = |id| Continuation { entries: [entry(id)].into(), next: Next::End };
        let query = MessageQuery::default();
        let other = MessageQuery { q: Some("x".into()), ..query.clone() };
        assert!(Continuation::decode(&place("18c").encode(&query).unwrap(), &other).is_none());
        assert!(Continuation::decode(&place("../settings").encode(&query).unwrap(), &query).is_none());
    }
}
