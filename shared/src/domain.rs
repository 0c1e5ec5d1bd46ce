//! The rules of server-side authorization, pure: time and randomness come in as arguments.

pub mod random;
pub mod time;
