//! API Gateway events in, HTTP responses out.

pub mod language;
pub mod page;
pub mod preference;
pub mod request;
pub mod response;

pub use self::{request::Request, response::Response};
