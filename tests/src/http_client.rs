//! An HTTP client for tests.

use std::sync::OnceLock;

use rustls::crypto::ring::default_provider;

/// A client that follows no redirects, so that each answer is seen, and goes through no proxy.
///
/// # Errors
/// If the machine's certificates cannot be read.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    // Whoever installed a provider before has the process use that one.
    PROVIDER.get_or_init(|| drop(default_provider().install_default()));
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()
}
