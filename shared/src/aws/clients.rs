//! How the AWS SDK is set up: one HTTP client on rustls with ring, short time-outs, quick retries.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};

/// How long a connection may rest and be used again. Lambda freezes a function between two requests, and nobody sees what
/// becomes of its connections: NAT gateways forget one after 350 seconds without a word
/// ([idle timeout](https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html)).
pub const IDLE_LIMIT: Duration = Duration::from_secs(90);
/// Tries of one call, the first included.
const TRIES: u32 = 3;

/// Reads region, credentials and endpoints from the environment, as every AWS SDK does, and sets up what every client
/// has in common.
pub async fn load() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .timeout_config(timeouts())
        .retry_config(retries())
        .load()
        .await
}

/// The HTTP client. A connection that has rested for [`IDLE_LIMIT`] is not used again.
pub fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).pool_idle_timeout(IDLE_LIMIT).build_https()
}

/// Time-outs that leave room for another try.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5))
        .build()
}

/// Quick retries.
pub fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(TRIES)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(500))
}
