//! API Gateway events in, HTTP responses out.

pub mod cookie_jar;
pub mod cookie_keys;
pub mod language;
pub mod page;
pub mod preference;
pub mod problem;
pub mod query;
pub mod request;
pub mod response;
pub mod route;

pub use self::{request::Request, response::Response};
