//! How the AWS SDK is set up: our HTTP client, short time-outs, quick retries.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};

use super::http;
use crate::config::BadVariable;

/// Tries of one call, the first included.
const TRIES: u32 = 3;

/// Reads region, credentials and endpoints from the environment, as every AWS SDK does, and sets up what every client
/// has in common.
///
/// # Errors
/// If there are no usable root certificates.
pub async fn load() -> Result<SdkConfig, BadVariable> {
    let mut config = aws_config::defaults(BehaviorVersion::latest()).http_client(http::client()?);
    // In Lambda they are there; to get every other source ready costs a cold start time and is in vain.
    if are_set(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
        config = config.credentials_provider(EnvironmentVariableCredentialsProvider::new());
    }
    if are_set(&["AWS_REGION"]) {
        config = config.region(EnvironmentVariableRegionProvider::new());
    }
    Ok(config.timeout_config(timeouts()).retry_config(retries()).load().await)
}

fn are_set(names: &[&str]) -> bool {
    names.iter().all(|name| std::env::var_os(name).is_some())
}

/// Time-outs that leave room for another try.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
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
