//! The Lambda binary of `security-events`.

use std::process::ExitCode;

use shared::memory::{WIPING, Wiping};

#[global_allocator]
static MEMORY: Wiping = WIPING;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::function::run(security_events::SecurityEvents::connect).await
}
