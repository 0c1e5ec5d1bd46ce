//! Adapters to AWS: the table of connections, of seen events and of spent quota, the key that wraps data keys, and the secrets.

pub mod call_log;
pub mod clients;
pub mod connections;
pub mod data_keys;
pub mod failure;
pub mod http;
mod item;
pub mod quota;
pub mod secret_store;
pub mod seen_events;
mod table;
