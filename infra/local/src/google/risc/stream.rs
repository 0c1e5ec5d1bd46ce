//! The configuration of a stream: what a request may say, and where events may go. Pure rules, no I/O.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::domain::origin::is_loopback;
use url::Url;

use super::Failure;
use crate::google::security_events::{EVENT_TYPES, VERIFICATION};

/// The one method of delivery that there is (RFC 8935 by its name in RISC).
pub(in crate::google) const PUSH: &str = "https://schemas.openid.net/secevent/risc/delivery-method/push";

/// A registered stream.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(in crate::google) struct Stream {
    pub(in crate::google) url: String,
    pub(in crate::google) events_requested: Vec<String>,
    pub(in crate::google) status: Status,
}

/// Whether events are sent. Those that happen while they are not are lost.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::google) enum Status {
    Enabled,
    Disabled,
}

impl Stream {
    /// An enabled stream of all types of events.
    pub(in crate::google) fn of_all(url: &str) -> Self {
        let events_requested = EVENT_TYPES.map(str::to_owned).to_vec();
        Self { url: url.to_owned(), events_requested, status: Status::Enabled }
    }

    /// Whether an event of that type is sent. A verification is asked for in a way of its own.
    pub(in crate::google) fn takes(&self, event_type: &str) -> bool {
        let requested = self.events_requested.iter().any(|requested| requested == event_type);
        self.is_enabled() && (requested || event_type == VERIFICATION)
    }

    /// Whether events are sent at all.
    pub(in crate::google) fn is_enabled(&self) -> bool {
        self.status == Status::Enabled
    }

    /// An enabled stream as the body of an update describes it.
    pub(super) fn parse(body: &[u8], domains: &[String]) -> Result<Self, Failure> {
        let body = object(body)?;
        let delivery = body.get("delivery").ok_or(Failure::MissingField("delivery"))?;
        let method = text(delivery, "delivery_method").ok_or(Failure::MissingField("delivery_method"))?;
        let url = text(delivery, "url").ok_or(Failure::MissingField("url"))?;
        if method != PUSH {
            return Err(Failure::Invalid("delivery_method"));
        }
        check_url(url, domains)?;
        Ok(Self { url: url.to_owned(), events_requested: events_requested(&body)?, status: Status::Enabled })
    }
}

/// The status that the body of an update wants.
pub(super) fn status(body: &[u8]) -> Result<Status, Failure> {
    match text(&object(body)?, "status") {
        Some("enabled") => Ok(Status::Enabled),
        Some("disabled") => Ok(Status::Disabled),
        _ => Err(Failure::UnsupportedStatus),
    }
}

/// The state that a verification event shall bring back; empty if there is none.
pub(super) fn state(body: &[u8]) -> Result<String, Failure> {
    Ok(text(&object(body)?, "state").unwrap_or_default().to_owned())
}

fn object(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).ok().filter(Value::is_object).ok_or(Failure::NotJson)
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn events_requested(body: &Value) -> Result<Vec<String>, Failure> {
    const FIELD: &str = "events_requested";
    let requested = body.get(FIELD).and_then(Value::as_array).filter(|events| !events.is_empty());
    let requested = requested.ok_or(Failure::MissingField(FIELD))?.iter();
    let known = |event: &Value| event.as_str().filter(|event| EVENT_TYPES.contains(event)).map(str::to_owned);
    requested.map(known).collect::<Option<_>>().ok_or(Failure::Invalid(FIELD))
}

fn check_url(text: &str, domains: &[String]) -> Result<(), Failure> {
    let url = Url::parse(text).map_err(|_| Failure::NotHttps)?;
    let loopback = url.host().is_some_and(|host| is_loopback(&host));
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(Failure::NotHttps),
    }
    let host = url.host_str().unwrap_or_default();
    let is_ours = |domain: &String| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    if loopback || domains.iter().any(is_ours) { Ok(()) } else { Err(Failure::NotYourDomain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> Option<String> {
        check_url(url, &["example.com".to_owned()]).err().map(Failure::message)
    }

    #[test]
    fn an_endpoint_is_https_on_a_domain_of_the_project_or_on_this_machine() {
        for url in [
            "https://example.com/x",
            "https://mail.example.com/",
            "http://localhost:8787/security-events",
            "http://127.0.0.1:1/",
            "https://[::1]/",
        ] {
            assert_eq!(refusal(url), None, "{url}");
        }
        for url in ["http://example.com/", "ftp://localhost/", "example.com", ""] {
            assert_eq!(refusal(url), Some(Failure::NotHttps.message()), "{url}");
        }
        for url in ["https://notexample.com/", "https://example.com.evil.test/", "https://192.0.2.1/"] {
            assert_eq!(refusal(url), Some(Failure::NotYourDomain.message()), "{url}");
        }
    }
}
