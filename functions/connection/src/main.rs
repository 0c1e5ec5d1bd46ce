//! The Lambda binary of `connection`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::function::run(connection::ConnectionFunction::connect).await
}
