//! The Lambda binary of `connection-events`.

use std::process::ExitCode;

use shared::memory::{WIPING, Wiping};

#[global_allocator]
static MEMORY: Wiping = WIPING;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::records::run(connection_events::ConnectionEvents::connect).await
}
