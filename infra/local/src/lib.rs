//! The local stack: the functions behind a gateway, with an embedded AWS and an emulated Google, in one process.
//!
//! - [`cli`]: the command line.
//! - [`stack`]: all of it together, also for tests.
//! - [`functions`]: the functions, built as their own binaries build them.
//! - [`gateway`]: stands before them as API Gateway does; [`landing`] is the page to start at.
//! - [`aws`]: DynamoDB, Secrets Manager, KMS and EventBridge; [`event_source`] invokes a function with what is written.
//! - [`google`]: an emulated Google, strict where Google is.
//! - [`security_event_stream`]: how Google's security events are registered for.
//! - [`doctor`]: looks at a deployment from outside.

pub mod cli;
pub mod stack;

pub mod functions;
pub mod gateway;
pub mod landing;

pub mod aws;
pub mod event_source;
pub mod google;

pub mod doctor;
pub mod security_event_stream;

mod delay;
mod fault_text;
