//! How the AWS SDK is set up: by Lambda's environment variables, with our HTTP client, short time-outs, quick retries.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion, stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::{
    retry::{ReconnectMode, RetryConfig},
    timeout::TimeoutConfig,
};
use aws_types::{
    SdkConfig,
    region::Region,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};

use super::http;
use crate::config::BadVariable;

/// Tries of one call, the first included.
const TRIES: u32 = 3;

/// Reads region, credentials and endpoints from the environment, under the names that they have
/// [for every AWS SDK](https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html), and sets up what every
/// client has in common. Lambda sets them; to look further, as the SDK does by itself, would cost every cold start time.
///
/// # Errors
/// If there are no usable root certificates.
pub fn load(get: Get) -> Result<SdkConfig, BadVariable> {
    let is_true = |name| get(name).is_some_and(|it| it == "true");
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http::client()?)
        .timeout_config(timeouts())
        .retry_config(retries())
        // A time-out ends what stalls: answers are small, and read whole within it.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"))
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .service_config(Endpoints(get));
    config.set_region(get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")).map(Region::new));
    config.set_endpoint_url(get("AWS_ENDPOINT_URL"));
    config.set_credentials_provider(credentials(get));
    Ok(config.build())
}

/// Looks up an environment variable.
type Get = fn(&str) -> Option<String>;

fn credentials(get: Get) -> Option<SharedCredentialsProvider> {
    let (id, secret) = (get("AWS_ACCESS_KEY_ID")?, get("AWS_SECRET_ACCESS_KEY")?);
    let credentials = Credentials::new(id, secret, get("AWS_SESSION_TOKEN"), None, "environment");
    Some(SharedCredentialsProvider::new(credentials))
}

/// The endpoints of single services, such as `AWS_ENDPOINT_URL_DYNAMODB`.
#[derive(Debug)]
struct Endpoints(Get);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_ascii_uppercase().replace(' ', "_");
        (self.0)(&format!("{}_{service}", key.env()))
    }
}

/// Time-outs that leave room for another try.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5))
        .build()
}

/// Quick retries. Our HTTP client drops connections that break by itself; the SDK, which cannot reach them, would log an
/// error for each try that fails, also where the next one succeeds.
pub fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_reconnect_mode(ReconnectMode::ReuseAllConnections)
        .with_max_attempts(TRIES)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(500))
}

#[cfg(test)]
mod tests {
    use aws_credential_types::provider::ProvideCredentials;

    use super::*;

    fn in_lambda(name: &str) -> Option<String> {
        let value = match name {
            "AWS_REGION" => "eu-central-1",
            "AWS_ACCESS_KEY_ID" => "id",
            "AWS_SECRET_ACCESS_KEY" => "secret",
            "AWS_SESSION_TOKEN" => "session",
            "AWS_ENDPOINT_URL" => "http://127.0.0.1:1",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER" => "http://127.0.0.1:2",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[tokio::test]
    async fn the_environment_says_who_we_are_and_where() {
        let config = load(in_lambda).unwrap();
        assert_eq!(config.region().unwrap().as_ref(), "eu-central-1");
        let credentials = config.credentials_provider().unwrap().provide_credentials().await.unwrap();
        assert_eq!((credentials.access_key_id(), credentials.session_token()), ("id", Some("session")));
        assert_eq!(config.use_fips(), Some(false));
    }

    #[test]
    fn each_service_can_have_its_own_endpoint() {
        let config = load(in_lambda).unwrap();
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:1"));
        let endpoint = |service| {
            let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url");
            config.service_config().unwrap().load_config(key.build().unwrap())
        };
        assert_eq!(endpoint("Secrets Manager").as_deref(), Some("http://127.0.0.1:2"));
        assert_eq!(endpoint("DynamoDB"), None);
    }

    #[test]
    fn without_an_environment_there_is_a_configuration_that_leads_nowhere() {
        let config = load(|_| None).unwrap();
        assert!(config.region().is_none() && config.credentials_provider().is_none());
    }
}
