//! Where a listing stopped, as a `pageToken`.
//!
//! At the end of one of Gmail's pages it is Gmail's own token. Within a page it is ours: the entries of the page that
//! were not handed out, and Gmail's token for what is behind them. Nothing is lost and nothing comes twice, whatever
//! arrives in or leaves the mailbox meanwhile.

mod entries;

use std::collections::VecDeque;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use shared::domain::{
    mailbox::{MessageId, MessageQuery},
    varint,
};

/// What our own tokens begin with; Gmail's do not.
const OURS: char = '~';
/// Room for the fingerprint and for Gmail's token, which has a few dozen characters.
const MAX_NEXT: usize = 256;
/// The most characters of a token; API Gateway takes 10,240 bytes of request line and headers.
pub(crate) const MAX_TOKEN: usize = 7_000;

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

impl Next {
    /// The page's token, if it has one.
    pub(crate) fn token(&self) -> Option<&str> {
        match self {
            Self::Page(token) => Some(token),
            Self::FirstPage | Self::End => None,
        }
    }
}

impl Continuation {
    /// The beginning of a listing.
    pub(crate) fn beginning() -> Self {
        Self { entries: VecDeque::new(), next: Next::FirstPage }
    }

    /// The page that it begins with; `None` if it begins within one, or at the end.
    pub(crate) fn page(&self) -> Option<&Next> {
        (self.entries.is_empty() && self.next != Next::End).then_some(&self.next)
    }

    /// Reads a token; `None` if it is one of ours that is damaged or was made for another query. Gmail tells of its
    /// own.
    pub(crate) fn decode(token: &str, query: &MessageQuery) -> Option<Self> {
        let Some(ours) = token.strip_prefix(OURS) else {
            return Some(Self { entries: VecDeque::new(), next: Next::Page(token.to_owned()) });
        };
        let bytes = URL_SAFE_NO_PAD.decode(ours).ok()?;
        let mut rest = bytes.strip_prefix(&fingerprint(query))?;
        let next = match varint::take(&mut rest)? {
            0 => Next::End,
            length => {
                let (token, entries) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                rest = entries;
                Next::Page(str::from_utf8(token).ok()?.to_owned())
            }
        };
        let entries = entries::read(rest)?;
        (!entries.is_empty()).then_some(Self { entries, next })
    }

    /// The token of this place; `None` at the end.
    pub(crate) fn encode(&self, query: &MessageQuery) -> Option<String> {
        let next = self.next.token();
        if self.entries.is_empty() {
            return next.map(str::to_owned);
        }
        let (mut bytes, next) = (fingerprint(query).to_vec(), next.unwrap_or_default());
        varint::push(&mut bytes, u64::try_from(next.len()).unwrap_or_default());
        bytes.extend(next.as_bytes());
        bytes.extend(entries::write(&self.entries));
        Some(format!("{OURS}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// How many of the entries fit into a token of that length for sure, whatever is behind them.
    pub(crate) fn fitting(&self, length: usize) -> usize {
        // Base64 has four characters for three bytes.
        entries::fitting(&self.entries, (length / 4 * 3).saturating_sub(MAX_NEXT))
    }
}

/// Tells whether a token belongs to a query; it guards against mistakes, not against forgery, which would gain
/// nothing: the entries are only ever read from the caller's own mailbox.
fn fingerprint(query: &MessageQuery) -> [u8; 6] {
    let labels = query.label_ids.join("\0");
    let text = format!("{}\0\0{labels}\0\0{}", query.q.as_deref().unwrap_or_default(), query.include_spam_trash);
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn as_gmail_writes_it(number: u64) -> String {
        format!("{number:016x}")
    }

    prop_compose! {
        /// Any identifiers, as Gmail writes them or not.
        fn entries()(
            ids in prop::collection::vec(("[0-9a-f]{16}", "[0-9a-f]{16}", any::<bool>()), 0..=500),
            odd in prop::option::of("[0-9A-Za-z_-]{1,64}"),
        ) -> VecDeque<MessageId> {
            let odd = odd.map(|id| MessageId { thread_id: "18c".into(), id: id.into() });
            let entries = ids.into_iter().map(|(id, thread, first)| {
                MessageId { thread_id: if first { id.as_str().into() } else { thread.into() }, id: id.into() }
            });
            entries.chain(odd).take(500).collect()
        }
    }

    prop_compose! {
        /// A page as Gmail has them: a message every few minutes, and of three one in a thread that is days old.
        fn page()(newest in 0x1800_0000_0000_0000u64.., steps in prop::collection::vec((1u64..3_600_000, 0u64..864_000_000, 0..3), 500)) -> VecDeque<MessageId> {
            let mut id = newest;
            steps.into_iter().map(|(apart, old, kind)| {
                id = id.wrapping_sub(apart << 20);
                let thread = if kind == 0 { id.wrapping_sub(old << 20) } else { id };
                MessageId { id: as_gmail_writes_it(id).into(), thread_id: as_gmail_writes_it(thread).into() }
            }).collect()
        }
    }

    fn next() -> impl Strategy<Value = Next> {
        prop::option::of("[0-9]{1,20}").prop_map(|next| next.map_or(Next::End, Next::Page))
    }

    proptest! {
        #[test]
        fn every_place_within_a_listing_is_found_again(entries in entries(), next in next(), q in prop::option::of(".*")) {
            let place = Continuation { entries, next };
            let query = MessageQuery { q, ..MessageQuery::default() };
            match (place.encode(&query), place.entries.is_empty()) {
                (None, _) => prop_assert_eq!(place, Continuation { entries: VecDeque::new(), next: Next::End }),
                (Some(token), true) => prop_assert_eq!(Next::Page(token), place.next),
                (Some(token), false) => prop_assert_eq!(Continuation::decode(&token, &query), Some(place)),
            }
        }

        #[test]
        fn a_whole_page_of_gmails_fits_into_a_token(entries in page(), next in next()) {
            let token = Continuation { entries, next }.encode(&MessageQuery::default()).unwrap();
            prop_assert!(token.len() <= MAX_TOKEN, "{}", token.len());
        }

        #[test]
        fn as_many_entries_fit_as_are_said_to(entries in entries(), next in next()) {
            let mut place = Continuation { entries, next };
            place.entries.truncate(place.fitting(MAX_TOKEN));
            let token = place.encode(&MessageQuery::default()).unwrap_or_default();
            prop_assert!(token.len() <= MAX_TOKEN, "{}", token.len());
        }

        #[test]
        fn no_token_is_a_surprise(token: String, bytes: Vec<u8>) {
            let query = MessageQuery::default();
            let _ = Continuation::decode(&token, &query);
            let _ = Continuation::decode(&format!("~{token}"), &query);
            let bytes = [fingerprint(&query).to_vec(), bytes].concat();
            if let Some(place) = Continuation::decode(&format!("~{}", URL_SAFE_NO_PAD.encode(bytes)), &query) {
                prop_assert!((1..=500).contains(&place.entries.len()));
            }
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

    #[test]
    fn a_token_that_holds_more_entries_than_a_page_is_refused() {
        let entry = MessageId { id: as_gmail_writes_it(7).into(), thread_id: as_gmail_writes_it(7).into() };
        let place = |count| Continuation { entries: vec![entry.clone(); count].into(), next: Next::End };
        let query = MessageQuery::default();
        let decoded = |count| Continuation::decode(&place(count).encode(&query).unwrap(), &query);
        assert_eq!(decoded(500), Some(place(500)));
        assert_eq!(decoded(501), None);
    }
}
