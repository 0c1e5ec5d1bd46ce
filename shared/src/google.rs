//! Adapters to Google: the authorization server, its keys, its security events, and Gmail.

pub mod authorization_server;
pub mod batch;
pub mod gmail;
pub mod http;
pub mod jwt;
pub mod keys;
mod published;
pub mod security_event_tokens;
