//! What the tests of Gmail Connect share: they enter by the front door, through events, processes and a browser.
//!
//! - [`world`]: the functions over an embedded AWS and an emulated Google, in one process.
//! - [`event`], [`answer`], [`cookie_jar`]: an API Gateway event in, a response out, and what a browser keeps of it.
//! - [`deployments`]: what the SAM template and the Terraform module make.
//! - [`description`], [`soundness`]: `infra/openapi.yaml`, which every answer is held against.
//! - [`binaries`], [`runtime_api`], [`usage`]: the functions' real binaries, run as Lambda runs them, and what they use.
//! - [`wire`]: connections that a test can cut.
//! - [`security_event`]: what Google tells of accounts and tokens.
//! - [`http_client`], [`browser`]: the local stack as a program and as a person see it.
//! - [`secrets_search`]: no log may hold a secret.

use std::time::Duration;

pub mod world;

pub mod answer;
pub mod cookie_jar;
pub mod crash;
pub mod event;
pub mod security_event;

pub mod deployments;
pub mod description;
pub mod soundness;

pub mod binaries;
pub mod runtime_api;
pub mod usage;
pub mod wire;

pub mod browser;
pub mod http_client;

pub mod secrets_search;

mod process_group;
mod yaml;

/// Longer than anything takes that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(25);
