//! The Lambda binary of `callback`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::function::run(callback::Callback::connect).await
}
