//! The Lambda binary of `list-messages`.

use std::process::ExitCode;

use shared::memory::{WIPING, Wiping};

#[global_allocator]
static MEMORY: Wiping = WIPING;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::function::run(list_messages::ListMessages::connect).await
}
