//! The rules of server-side authorization, pure: time and randomness come in as arguments. A port (trait) sits beside
//! the noun that it serves.

pub mod authorization_request;
pub mod authorization_server;
pub mod backoff;
pub mod connection;
pub mod data_key;
pub mod id_token;
pub mod mailbox;
pub mod oauth_client;
pub mod origin;
pub mod pending_authorization;
pub mod quota;
pub mod random;
pub mod return_to;
pub mod revocation;
pub mod scope;
pub mod secret;
pub mod security_event;
pub mod session;
pub mod time;
pub mod user_id;
pub mod varint;
pub mod warning;
