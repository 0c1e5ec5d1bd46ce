//! Who asks an instance, and knows which answer is right.

use local::google::Effect;
use serde_json::Value;
use tests::{answer::Answer, event::Event, soundness::assert_kept};

use crate::{authorizing::Authorizing, listing::Listing};

/// Who asks one instance of a function.
pub(crate) enum Caller {
    /// Of `list-messages`.
    Listing(Listing),
    /// Of `authorize-url`.
    Authorizing(Authorizing),
    /// Of the function that does nothing.
    Empty,
}

/// One request.
pub(crate) struct Question {
    /// What is sent.
    pub(crate) event: Event,
    /// What Gmail's list answers to it instead of a list; nobody else is to be answered so.
    pub(crate) instead: Option<Effect>,
}

impl Caller {
    /// The next request.
    pub(crate) fn ask(&mut self) -> Question {
        match self {
            Self::Listing(listing) => listing.ask(),
            Self::Authorizing(authorizing) => Question { event: authorizing.ask(), instead: None },
            Self::Empty => Question { event: Event::get("/"), instead: None },
        }
    }

    /// Takes the response to the last request, which was this event.
    ///
    /// # Panics
    /// If it is not the right one.
    pub(crate) async fn hear(&mut self, function: &str, event: &Value, response: Value) {
        if let Self::Empty = self {
            return assert_eq!(response["statusCode"], 200);
        }
        let answer = Answer::read(response).unwrap();
        assert_kept(function, &event.to_string(), &answer);
        match self {
            Self::Listing(listing) => listing.hear(&answer),
            Self::Authorizing(authorizing) => authorizing.hear(&answer).await,
            Self::Empty => {}
        }
    }
}
