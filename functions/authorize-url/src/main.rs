//! The Lambda binary of `authorize-url`.

use std::process::ExitCode;

use shared::memory::{WIPING, Wiping};

#[global_allocator]
static MEMORY: Wiping = WIPING;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::function::run(authorize_url::AuthorizeUrl::connect).await
}
