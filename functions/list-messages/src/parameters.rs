//! The parameters of a listing: Gmail's own, read strictly.

use shared::{
    domain::mailbox::{MessageFormat, MessageQuery},
    http::{
        Request,
        query::{BadParameter, Query},
    },
};

use super::{
    Problem,
    continuation::{Continuation, MAX_TOKEN},
};

/// The most characters of `q`.
const MAX_Q: usize = 2_048;
/// The most labels, and the most characters of one.
const MAX_LABELS: (usize, usize) = (100, 256);
/// The most headers, and the most characters of one.
const MAX_HEADERS: (usize, usize) = (100, 256);
/// The most characters of a word or a number.
const MAX_WORD: usize = 64;

/// What API Gateway takes of a request's line and headers, in bytes
/// ([quotas](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html)).
const MAX_REQUEST: usize = 10_240;
/// What is left free for a next request with longer headers.
const MARGIN: usize = 1_024;
/// A token has at least so many characters, for a few entries.
const LEAST_TOKEN: usize = 1_024;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// Which messages.
    pub(crate) query: MessageQuery,
    /// How much of each.
    pub(crate) format: MessageFormat,
    /// How many at most.
    pub(crate) max_results: Option<u64>,
    /// Where to begin.
    pub(crate) from: Continuation,
    /// The most characters of the answer's own page token.
    pub(crate) max_token: usize,
}

impl Parameters {
    /// Reads the parameters.
    pub(crate) fn read(request: &Request) -> Result<Self, Problem> {
        let query = &Query::parse(&request.query);
        let messages = MessageQuery {
            q: query.single("q", MAX_Q)?.map(str::to_owned),
            label_ids: query.many("labelIds", MAX_LABELS.0, MAX_LABELS.1)?,
            include_spam_trash: include_spam_trash(query)?,
        };
        Ok(Self {
            format: format(query)?,
            max_results: query.positive_number("maxResults")?,
            from: from(query, &messages)?,
            query: messages,
            max_token: max_token(request),
        })
    }
}

/// The most characters of a token with which the same can be asked again: browsers bring their cookies each time.
fn max_token(request: &Request) -> usize {
    let others = request.query.split('&').filter(|pair| !pair.starts_with("pageToken="));
    let headers = request.headers.iter().map(|(name, value)| name.len() + value.len() + 4);
    let cookies = request.cookies.iter().map(|cookie| cookie.len() + 2);
    let taken = request.path.len() + others.map(|pair| pair.len() + 1).chain(headers).chain(cookies).sum::<usize>();
    MAX_REQUEST.saturating_sub(taken + MARGIN).clamp(LEAST_TOKEN, MAX_TOKEN)
}

fn include_spam_trash(query: &Query) -> Result<bool, BadParameter> {
    const NAME: &str = "includeSpamTrash";
    match query.single(NAME, MAX_WORD)? {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(BadParameter { name: NAME, problem: "is neither true nor false" }),
    }
}

fn format(query: &Query) -> Result<MessageFormat, BadParameter> {
    const NAME: &str = "format";
    let headers = query.many("metadataHeaders", MAX_HEADERS.0, MAX_HEADERS.1)?;
    if !headers.iter().all(|header| is_header_name(header)) {
        return Err(BadParameter { name: "metadataHeaders", problem: "is not the name of a header" });
    }
    match query.single(NAME, MAX_WORD)? {
        None | Some("ids") => Ok(MessageFormat::Ids),
        Some("minimal") => Ok(MessageFormat::Minimal),
        Some("metadata") => Ok(MessageFormat::Metadata { headers }),
        Some("full") => Ok(MessageFormat::Full),
        Some(_) => Err(BadParameter { name: NAME, problem: "is not ids, minimal, metadata or full" }),
    }
}

/// Whether a text can be the name of a header ([RFC 5322 §2.2](https://www.rfc-editor.org/rfc/rfc5322#section-2.2)).
fn is_header_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

fn from(query: &Query, messages: &MessageQuery) -> Result<Continuation, BadParameter> {
    const NAME: &str = "pageToken";
    match query.single(NAME, MAX_TOKEN)? {
        None => Ok(Continuation::beginning()),
        Some(token) => Continuation::decode(token, messages)
            .ok_or(BadParameter { name: NAME, problem: "is damaged or belongs to another query" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Parameters, String> {
        let request = Request { query: query.to_owned(), ..Request::default() };
        Parameters::read(&request).map_err(|problem| problem.detail.unwrap())
    }

    #[test]
    fn a_token_leaves_room_for_what_the_browser_brings_each_time() {
        let max_token = |request: &Request| Parameters::read(request).unwrap().max_token;
        let mut request = Request { path: "/messages".into(), query: "format=full".into(), ..Request::default() };
        assert_eq!(max_token(&request), MAX_TOKEN);
        request.cookies = vec!["x".repeat(2_000); 3];
        let with_cookies = max_token(&request);
        assert!((3_000..4_000).contains(&with_cookies), "{with_cookies}");
        request.query = format!("format=full&pageToken={}", "9".repeat(900));
        assert_eq!(max_token(&request), with_cookies, "the next one takes its place");
        request.headers = [("x-long".into(), "x".repeat(4_000))].into();
        assert_eq!(max_token(&request), LEAST_TOKEN);
    }

    #[test]
    fn gmails_parameters_are_read() {
        let query = "q=from:a+b&labelIds=INBOX&labelIds=UNREAD&includeSpamTrash=true&maxResults=501&format=metadata\
                     &metadataHeaders=From&metadataHeaders=X-A&pageToken=09";
        let read = read(query).unwrap();
        assert_eq!(read.query.q.as_deref(), Some("from:a b"));
        assert_eq!(read.query.label_ids, ["INBOX", "UNREAD"]);
        assert!(read.query.include_spam_trash);
        assert_eq!(read.max_results, Some(501));
        assert_eq!(read.format, MessageFormat::Metadata { headers: vec!["From".into(), "X-A".into()] });
    }

    #[test]
    fn every_bad_parameter_is_named() {
        let long = format!("q={}", "x".repeat(2_049));
        for (query, name) in [
            (long.as_str(), "q"),
            ("q=a&q=b", "q"),
            ("q=%ff", "q"),
            ("labelIds=%ff", "labelIds"),
            ("includeSpamTrash=yes", "includeSpamTrash"),
            ("maxResults=0", "maxResults"),
            ("maxResults=00", "maxResults"),
            ("maxResults=-1", "maxResults"),
            ("maxResults=%2B1", "maxResults"),
            ("maxResults=1.5", "maxResults"),
            ("maxResults=ten", "maxResults"),
            ("maxResults=1&maxResults=2", "maxResults"),
            ("format=raw", "format"),
            ("format=FULL", "format"),
            ("metadataHeaders=a%0d%0ab", "metadataHeaders"),
            ("metadataHeaders=", "metadataHeaders"),
            ("pageToken=~x", "pageToken"),
        ] {
            let detail = read(query).unwrap_err();
            assert!(detail.contains(&format!("parameter {name} ")), "{query}: {detail}");
        }
    }

    #[test]
    fn any_positive_number_is_a_number_of_messages() {
        for (text, number) in [("1", 1), ("007", 7), ("99999999999999999999999", u64::MAX)] {
            assert_eq!(read(&format!("maxResults={text}")).unwrap().max_results, Some(number));
        }
    }
}
