//! What every function of Gmail Connect shares.
//!
//! - [`domain`]: the rules of server-side authorization, pure; ports beside the nouns that they serve.
//! - [`vault`]: connections and their tokens: sealed to their owner, refreshed once by whoever holds the lease.
//! - [`google`], [`aws`], [`outbound`]: the adapters, and how they reach others.
//! - [`http`]: API Gateway events in, HTTP responses out; the one place that turns an error into a status.
//! - [`front`], [`caller`], [`backend`]: where a request reaches us, who calls, and what answers.
//! - [`config`], [`secrets`]: what a deployment sets.
//! - [`function`], [`records`], [`retry`], [`telemetry`]: how one event goes through a Lambda function.

pub mod aws;
pub mod backend;
pub mod caller;
pub mod config;
pub mod domain;
pub mod front;
pub mod function;
pub mod google;
pub mod http;
pub mod memory;
pub mod outbound;
pub mod records;
pub mod retry;
pub mod sealing;
pub mod secrets;
pub mod telemetry;
pub mod vault;
