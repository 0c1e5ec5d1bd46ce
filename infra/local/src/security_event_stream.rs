//! Google's side of Cross-Account Protection: the stream of security events that Google sends to this application, and
//! how it is configured
//! ([Cross-Account Protection](https://developers.google.com/identity/protocols/risc)).
//!
//! - [`ServiceAccountKey`]: who may configure it.
//! - [`SecurityEventStream`]: the configuration API.
//! - [`Registration::differences`]: what the function `security-events` needs and the stream does not have.
//! - [`Explanation`]: what each refusal means, and what to do about it.

mod api;
mod difference;
mod error;
mod explanation;
mod printable;
mod registration;
mod service_account_key;

pub(crate) use self::printable::printable;
pub use self::{
    api::{GOOGLE, SecurityEventStream},
    difference::Difference,
    error::{Refusal, StreamError},
    explanation::Explanation,
    registration::{EVENT_TYPES, PATH, Registration, Status, endpoint, short_name},
    service_account_key::{KeyFileError, NotAKey, ServiceAccountKey},
};
