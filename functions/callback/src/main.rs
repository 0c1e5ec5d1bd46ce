//! The Lambda binary of `callback`.

use std::process::ExitCode;

use shared::memory::{WIPING, Wiping};

#[global_allocator]
static MEMORY: Wiping = WIPING;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::function::run(callback::Callback::connect).await
}
