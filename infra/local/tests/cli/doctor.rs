//! The doctor, before whole and before broken set-ups.

mod aws;
mod google;
mod program;
mod secrets;
mod stack;
mod stream;
mod support;
mod table;
