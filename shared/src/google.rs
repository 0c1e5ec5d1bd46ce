//! Adapters to Google: the authorization server, its keys, and Gmail.

pub mod authorization_server;
pub mod batch;
pub mod gmail;
pub mod http;
pub mod jwt;
pub mod keys;
