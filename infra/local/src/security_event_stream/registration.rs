//! What Google has on record for a stream, and what Gmail Connect asks it to send.

use std::fmt;

use serde::Deserialize;
use shared::domain::origin::{Origin, is_secure};
use url::Url;

use super::{difference::Difference, printable};

/// How events come: Google posts them
/// ([RFC 8935](https://www.rfc-editor.org/rfc/rfc8935)).
pub(super) const PUSH: &str = "https://schemas.openid.net/secevent/risc/delivery-method/push";

/// Every type of event that the function `security-events` knows
/// ([supported event types](https://developers.google.com/identity/protocols/risc#supported_event_types)).
pub const EVENT_TYPES: [&str; 7] = [
    "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked",
    "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked",
    "https://schemas.openid.net/secevent/oauth/event-type/token-revoked",
    "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
    "https://schemas.openid.net/secevent/risc/event-type/account-enabled",
    "https://schemas.openid.net/secevent/risc/event-type/account-credential-change-required",
    "https://schemas.openid.net/secevent/risc/event-type/verification",
];

/// Where the function takes events, below the API's base URL.
pub const PATH: &str = "/security-events";

/// The last word of an event type, such as `sessions-revoked`.
pub fn short_name(event_type: &str) -> &str {
    event_type.rsplit('/').next().unwrap_or(event_type)
}

/// Where the function takes events, from the API's base URL or from the whole address; none if it is neither.
pub fn endpoint(text: &str) -> Option<Url> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let origin = Origin::parse(text.strip_suffix(PATH).unwrap_or(text))?;
    Url::parse(&format!("{origin}{PATH}")).ok().filter(is_secure)
}

/// Whether events are sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Status {
    /// They are.
    Enabled,
    /// They are not.
    Disabled,
    /// Google says something else.
    Other(String),
}

impl Status {
    pub(super) fn parse(text: &str) -> Self {
        match text {
            "enabled" => Self::Enabled,
            "disabled" => Self::Disabled,
            other => Self::Other(printable(other)),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Other(text) => text,
        })
    }
}

/// A stream's configuration and status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registration {
    /// Where events are posted.
    pub endpoint: String,
    /// How they come.
    pub delivery_method: String,
    /// The types of events that are sent.
    pub events: Vec<String>,
    /// Whether they are sent.
    pub status: Status,
}

impl Registration {
    pub(super) fn new(configuration: &Configuration, status: Status) -> Self {
        Self {
            endpoint: printable(&configuration.delivery.url),
            delivery_method: printable(&configuration.delivery.delivery_method),
            events: configuration.events_requested.iter().map(|event| printable(event)).collect(),
            status,
        }
    }

    /// What Gmail Connect needs and the stream does not have; with its endpoint, if that is known.
    pub fn differences(&self, endpoint: Option<&Url>) -> Vec<Difference> {
        Difference::all(self, endpoint)
    }
}

/// A stream's configuration on the wire; what else it says is not ours.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration {
    delivery: Delivery,
    events_requested: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delivery {
    delivery_method: String,
    url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_comes_from_the_base_url_or_from_itself() {
        for (text, expected) in [
            ("https://mail.example.com", Some("https://mail.example.com/security-events")),
            ("https://mail.example.com/", Some("https://mail.example.com/security-events")),
            ("https://mail.example.com/security-events", Some("https://mail.example.com/security-events")),
            ("https://mail.example.com/security-events/", Some("https://mail.example.com/security-events")),
            ("http://localhost:8787", Some("http://localhost:8787/security-events")),
            ("https://mail.example.com/api", None),
            ("https://mail.example.com/security-events?a=b", None),
            ("http://mail.example.com", None),
            ("mail.example.com", None),
        ] {
            assert_eq!(endpoint(text).as_ref().map(Url::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_short_name_is_the_last_word() {
        let names: Vec<_> = EVENT_TYPES.iter().map(|event| short_name(event)).collect();
        assert_eq!(names.len(), 7);
        assert_eq!(names.first(), Some(&"sessions-revoked"));
        assert_eq!(names.last(), Some(&"verification"));
    }
}
