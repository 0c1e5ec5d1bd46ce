//! One of Google's endpoints: any answer that is not a failure shows that it is there.

use reqwest::{Client, Response};
use serde_json::Value;
use shared::{
    domain::time::Clock,
    google::http::{object, read_body},
};

use super::{CHECK, clock::Offset};
use crate::doctor::{REQUEST, finding::Finding};

/// The most bytes of an answer.
const MAX_BODY: usize = 256 * 1024;

/// What an endpoint has to answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Content {
    /// Anything: it is asked without what it needs.
    Any,
    /// Public keys ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
    KeySet,
    /// Who signs security events.
    RiscConfiguration,
}

impl Content {
    fn is_in(self, body: &[u8]) -> bool {
        let Some(body) = object::<Value>(body) else { return self == Self::Any };
        let is_text = |name: &str| body.get(name).is_some_and(Value::is_string);
        match self {
            Self::Any => true,
            Self::KeySet => {
                let keys = body.get("keys").and_then(Value::as_array);
                keys.is_some_and(|keys| keys.iter().any(|key| key.get("kid").is_some() && key.get("n").is_some()))
            }
            Self::RiscConfiguration => is_text("issuer") && is_text("jwks_uri"),
        }
    }
}

/// One endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    name: &'static str,
    url: String,
    content: Content,
}

impl Endpoint {
    pub(super) fn new(name: &'static str, url: &str, content: Content) -> Self {
        Self { name, url: url.to_owned(), content }
    }

    /// Asks it, and says by how much its clock differs from ours.
    pub(super) async fn look(&self, http: &Client, clock: &dyn Clock) -> (Finding, Option<Offset>) {
        let before = clock.now();
        let Ok(response) = http.get(&self.url).timeout(REQUEST).send().await else {
            return (self.out_of_reach(), None);
        };
        let offset = Offset::of(&response, before, clock.now());
        (self.judge(response).await, offset)
    }

    async fn judge(&self, response: Response) -> Finding {
        let (status, Self { name, url, .. }) = (response.status(), self);
        if status.is_server_error() {
            return CHECK
                .problem(format!("The {name} {url} fails with status {status}."), "Try again in a few minutes.");
        }
        let body = read_body(response, MAX_BODY).await.unwrap_or_default();
        if self.content == Content::Any || (status.is_success() && self.content.is_in(&body)) {
            return CHECK.ok(format!("The {name} {url} answers."));
        }
        CHECK.problem(
            format!("The {name} {url} answers with status {status} and none of what it should hold."),
            "Check its variable, and whether a proxy answers in Google's place.",
        )
    }

    fn out_of_reach(&self) -> Finding {
        CHECK.problem(
            format!("The {} {} cannot be reached.", self.name, self.url),
            "Check the network of this machine, its name service and its proxy.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_endpoint_has_to_hold_is_looked_for() {
        for (content, body, is_in) in [
            (Content::KeySet, r#"{"keys": [{"kid": "1", "n": "x"}]}"#, true),
            (Content::KeySet, r#"{"keys": []}"#, false),
            (Content::KeySet, r#"{"keys": [{"kid": "1"}]}"#, false),
            (Content::KeySet, "[]", false),
            (Content::RiscConfiguration, r#"{"issuer": "https://a/", "jwks_uri": "https://b"}"#, true),
            (Content::RiscConfiguration, r#"{"issuer": "https://a/"}"#, false),
            (Content::RiscConfiguration, "<html>", false),
            (Content::Any, "<html>", true),
        ] {
            assert_eq!(content.is_in(body.as_bytes()), is_in, "{content:?} {body}");
        }
    }
}
