//! What Gmail Connect needs of a stream and does not find there.

use url::Url;

use super::registration::{EVENT_TYPES, PATH, PUSH, Registration, Status, short_name};

/// One thing that is not as Gmail Connect needs it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Difference {
    /// Events go elsewhere.
    Endpoint(String),
    /// Events do not come by push.
    DeliveryMethod(String),
    /// These types of events are not sent.
    EventsMissing(Vec<&'static str>),
    /// Nothing is sent.
    NotEnabled(Status),
}

impl Difference {
    pub(super) fn all(registration: &Registration, endpoint: Option<&Url>) -> Vec<Self> {
        let mut all = Vec::new();
        if !is_ours(&registration.endpoint, endpoint) {
            all.push(Self::Endpoint(registration.endpoint.clone()));
        }
        if registration.delivery_method != PUSH {
            all.push(Self::DeliveryMethod(registration.delivery_method.clone()));
        }
        let is_missing = |event: &&str| !registration.events.iter().any(|other| other == event);
        let missing: Vec<_> = EVENT_TYPES.into_iter().filter(is_missing).collect();
        if !missing.is_empty() {
            all.push(Self::EventsMissing(missing));
        }
        if registration.status != Status::Enabled {
            all.push(Self::NotEnabled(registration.status.clone()));
        }
        all
    }

    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Endpoint(_) => "endpoint",
            Self::DeliveryMethod(_) => "delivery_method",
            Self::EventsMissing(_) => "events_missing",
            Self::NotEnabled(_) => "not_enabled",
        }
    }

    /// What is so, in a sentence.
    pub fn detail(&self) -> String {
        match self {
            Self::Endpoint(found) => format!("Google sends events to “{found}”, which is not this API's {PATH}."),
            Self::DeliveryMethod(found) => format!("Events are delivered by “{found}” instead of being posted."),
            Self::EventsMissing(events) => {
                let names: Vec<_> = events.iter().map(|event| short_name(event)).collect();
                format!("Google does not send these types of events: {}.", names.join(", "))
            }
            Self::NotEnabled(status) => format!("The stream is {status}: Google sends nothing."),
        }
    }

    /// What to do about it, in a sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotEnabled(_) => "Run “cargo run -- security-events status --enable”.",
            _ => {
                "Run “cargo run -- security-events register --url” with the API's base URL, such as https://mail.example.com."
            }
        }
    }
}

/// Whether the function takes what is posted there: at its endpoint or, where that is not known, at its path.
fn is_ours(found: &str, endpoint: Option<&Url>) -> bool {
    let found = Url::parse(found).ok();
    match endpoint {
        Some(endpoint) => found.as_ref() == Some(endpoint),
        None => found.is_some_and(|url| url.path() == PATH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration() -> Registration {
        Registration {
            endpoint: "https://mail.example.com/security-events".to_owned(),
            delivery_method: PUSH.to_owned(),
            events: EVENT_TYPES.map(str::to_owned).to_vec(),
            status: Status::Enabled,
        }
    }

    fn codes(registration: &Registration, endpoint: &str) -> Vec<&'static str> {
        registration.differences(Url::parse(endpoint).ok().as_ref()).iter().map(Difference::code).collect()
    }

    const ENDPOINT: &str = "https://mail.example.com/security-events";

    #[test]
    fn a_registered_stream_differs_in_nothing() {
        assert!(codes(&registration(), ENDPOINT).is_empty());
        assert!(codes(&registration(), "").is_empty());
    }

    #[test]
    fn each_difference_is_told() {
        for (change, expected) in [
            (
                (|it| it.endpoint = "https://other.example.com/security-events".to_owned()) as fn(&mut Registration),
                "endpoint",
            ),
            (|it| it.delivery_method = "poll".to_owned(), "delivery_method"),
            (|it| it.events.truncate(6), "events_missing"),
            (|it| it.status = Status::Disabled, "not_enabled"),
            (|it| it.status = Status::Other("paused".to_owned()), "not_enabled"),
        ] {
            let mut registration = registration();
            change(&mut registration);
            assert_eq!(codes(&registration, ENDPOINT), [expected]);
        }
    }

    #[test]
    fn without_a_base_url_the_path_tells_whether_the_endpoint_is_ours() {
        let endpoint = "https://mail.example.com/events".to_owned();
        assert_eq!(codes(&Registration { endpoint, ..registration() }, ""), ["endpoint"]);
    }

    #[test]
    fn the_missing_events_are_named() {
        let mut registration = registration();
        registration.events.remove(1);
        let [difference] = &registration.differences(None)[..] else { panic!("one difference") };
        assert!(difference.detail().ends_with(": tokens-revoked."), "{}", difference.detail());
    }
}
