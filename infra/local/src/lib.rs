//! The local stack: what the functions need around them, in one process.
//!
//! - [`google`]: an emulated Google, strict where Google is.

pub mod google;
