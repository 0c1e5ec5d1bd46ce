//! What every function of Gmail Connect shares.
//!
//! - [`domain`]: the rules of server-side authorization, pure: no I/O, no clock, no randomness of its own.
//! - [`http`]: API Gateway events in, HTTP responses out; the one place that turns an error into a status.
//! - [`function`]: what a Lambda function is, and how one event goes through it.

pub mod domain;
pub mod function;
pub mod http;
