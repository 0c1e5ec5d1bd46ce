//! The Lambda binary of `security-events`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::function::run(security_events::SecurityEvents::connect).await
}
