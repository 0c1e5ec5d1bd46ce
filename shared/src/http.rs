//! API Gateway events in, HTTP responses out.

pub mod request;
pub mod response;

pub use self::{request::Request, response::Response};
