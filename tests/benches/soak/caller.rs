//! Who asks an instance, and knows which answer is right.

use local::google::Effect;
use tests::{answer::Answer, event::Event};

use crate::{authorizing::Authorizing, listing::Listing};

/// Who asks one instance of a function.
pub(crate) enum Caller {
    /// Of `list-messages`.
    Listing(Listing),
    /// Of `authorize-url`.
    Authorizing(Authorizing),
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
        }
    }

    /// Takes the answer to the last request.
    ///
    /// # Panics
    /// If it is not the right one.
    pub(crate) async fn hear(&mut self, answer: &Answer) {
        match self {
            Self::Listing(listing) => listing.hear(answer),
            Self::Authorizing(authorizing) => authorizing.hear(answer).await,
        }
    }
}
