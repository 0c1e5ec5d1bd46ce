//! Faults: what can be made to go wrong, where and how often.

mod gmail_error;
mod parse;
mod stop;

use std::{sync::Mutex, time::Duration};

use self::stop::Armed;
pub use self::{
    gmail_error::GmailError,
    parse::InvalidFault,
    stop::{Stop, When},
};
pub(super) use self::{gmail_error::shape, stop::Stopped};
use super::{Endpoint, lock};

/// A rule: what happens to the next requests at an endpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// How many requests it strikes; `None` until it is cleared.
    pub times: Option<u32>,
    /// What happens to them.
    pub effect: Effect,
}

/// What happens to a request that a fault strikes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// This answer, in place of Google's own; the request has no effect.
    Status {
        /// The HTTP status.
        status: u16,
        /// The body; `None` is an empty one.
        body: Option<String>,
        /// More headers, by name.
        headers: Vec<(String, String)>,
    },
    /// This error of Gmail, in Gmail's shape; the request has no effect.
    Gmail(GmailError),
    /// 200 with a body that breaks off; the request has no effect.
    Malformed,
    /// No answer for that long, then the connection breaks; the request has no effect.
    Hang(Duration),
    /// The connection breaks; the request has no effect.
    Disconnect,
    /// The request is carried out, but the connection breaks before the answer: a client cannot know.
    LoseAnswer,
    /// The right answer, that much later.
    Delay(Duration),
    /// A token response with something wrong in its ID token.
    IdToken(IdTokenFault),
    /// An error of the token endpoint, in its shape; the request has no effect.
    TokenError {
        /// The `error`, such as `invalid_grant`.
        error: String,
        /// The `error_subtype`, such as `invalid_rapt`.
        subtype: Option<String>,
    },
    /// A token response without a refresh token.
    NoRefreshToken,
    /// A token response that names these scopes; the tokens carry those that were granted.
    Scope(String),
}

/// What is wrong with an ID token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IdTokenFault {
    /// The signature does not fit.
    BadSignature,
    /// Signed with a key that is not published.
    UnknownKid,
    /// Another issuer.
    WrongIssuer,
    /// Another audience.
    WrongAudience,
    /// Another authorized party.
    WrongAzp,
    /// Another nonce.
    WrongNonce,
    /// Expired an hour ago.
    Expired,
    /// Issued an hour from now.
    IssuedInFuture,
    /// `"alg": "none"` and no signature.
    AlgNone,
    /// There is none at all.
    Missing,
    /// There is no `sub` in it.
    NoSubject,
}

/// The rules in force, first come first served, and the stops.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Vec<(Endpoint, Fault)>>,
    stops: Mutex<Vec<Armed>>,
}

impl Faults {
    /// Adds a rule behind those of the same endpoint.
    pub fn inject(&self, endpoint: Endpoint, fault: Fault) {
        lock(&self.rules).push((endpoint, fault));
    }

    /// Adds a rule for so many requests.
    pub fn inject_times(&self, endpoint: Endpoint, times: u32, effect: Effect) {
        self.inject(endpoint, Fault { times: Some(times), effect });
    }

    /// Ends the rules of an endpoint.
    pub fn clear(&self, endpoint: Endpoint) {
        lock(&self.rules).retain(|(at, _)| *at != endpoint);
    }

    /// Ends all rules; stops stay.
    pub fn clear_all(&self) {
        lock(&self.rules).clear();
    }

    /// The fault that strikes the next request at an endpoint.
    pub(super) fn next(&self, endpoint: Endpoint) -> Option<Effect> {
        let mut rules = lock(&self.rules);
        rules.retain(|(_, fault)| fault.times != Some(0));
        let (_, fault) = rules.iter_mut().find(|(at, _)| *at == endpoint)?;
        fault.times = fault.times.map(|times| times.saturating_sub(1));
        Some(fault.effect.clone())
    }
}
