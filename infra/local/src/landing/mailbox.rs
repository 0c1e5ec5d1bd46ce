//! What the page reads from the answers of the function that lists messages.

use serde::Deserialize;
use url::{Url, form_urlencoded};

/// One page of messages.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mailbox {
    #[serde(default)]
    pub(super) messages: Vec<Message>,
    next_page_token: Option<String>,
}

/// A message; without a payload it could not be fetched.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    payload: Option<Payload>,
}

#[derive(Debug, Deserialize)]
struct Payload {
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Debug, Deserialize)]
struct Header {
    name: String,
    value: String,
}

impl Mailbox {
    /// Where this page continues.
    pub(super) fn next_page(&self) -> Option<String> {
        let token = self.next_page_token.as_deref()?;
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("pageToken", token).finish();
        Some(format!("/?{query}"))
    }
}

impl Message {
    /// Whether more than the message's id is known.
    pub(super) fn is_read(&self) -> bool {
        self.payload.is_some()
    }

    /// The value of a header; empty if there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        let mut headers = self.payload.iter().flat_map(|payload| &payload.headers);
        let found = headers.find(|header| header.name.eq_ignore_ascii_case(name));
        found.map_or("", |header| &header.value)
    }
}

/// Why there are no messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    pub(super) code: String,
    authorization_url: Option<String>,
}

impl Problem {
    /// Where to connect again so that the browser comes back to this page; only ever a path on this API.
    pub(super) fn connect(&self) -> Option<String> {
        let base = Url::parse("http://localhost").ok()?;
        let url = base.join(self.authorization_url.as_deref()?).ok().filter(|url| url.path() == "/authorize")?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(url.query_pairs().filter(|(name, _)| name != "return_to"));
        query.append_pair("return_to", "/");
        Some(format!("/authorize?{}", query.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(authorization_url: &str) -> Option<String> {
        Problem { authorization_url: Some(authorization_url.to_owned()), ..Problem::default() }.connect()
    }

    #[test]
    fn connecting_again_keeps_what_the_problem_says_and_comes_back_here() {
        let expected = Some("/authorize?login_hint=108&prompt=consent&return_to=%2F".to_owned());
        assert_eq!(connect("/authorize?login_hint=108&prompt=consent"), expected);
        assert_eq!(connect("http://localhost:8787/authorize?login_hint=108&prompt=consent&return_to=/x"), expected);
    }

    #[test]
    fn connecting_again_leads_nowhere_else() {
        for url in ["javascript:alert(1)", "https://example.com/", "//example.com/other", "/authorize/../x"] {
            assert_eq!(connect(url), None, "{url}");
        }
        assert_eq!(connect("https://example.com/authorize?a=b").as_deref(), Some("/authorize?a=b&return_to=%2F"));
    }

    #[test]
    fn the_next_page_is_a_link_to_here() {
        let mailbox: Mailbox = serde_json::from_str(r#"{"messages":[],"nextPageToken":"a&b"}"#).unwrap();
        assert_eq!(mailbox.next_page().as_deref(), Some("/?pageToken=a%26b"));
    }
}
