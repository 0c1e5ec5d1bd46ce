//! The Lambda binary of `authorize-url`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::function::run(authorize_url::AuthorizeUrl::connect).await
}
