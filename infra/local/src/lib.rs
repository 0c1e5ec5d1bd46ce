//! The local stack: the functions behind a gateway, with an embedded AWS and an emulated Google, in one process.

pub mod aws;
pub mod gateway;
pub mod landing;
