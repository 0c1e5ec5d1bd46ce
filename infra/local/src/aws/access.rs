//! How the embedded AWS is reached: by the AWS SDK, by a process, in the name of the stack or of a function.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use shared::aws::{clients, http};

use super::{ACCESS_KEY_ID, EmbeddedAws, REGION, SECRET_ACCESS_KEY, access_key_id};

impl EmbeddedAws {
    /// The AWS SDK's settings for this AWS: endpoint, region, the stack's credentials, an HTTP client, and the functions'
    /// own time-outs and retries.
    pub fn sdk_config(&self) -> SdkConfig {
        let mut config = SdkConfig::builder();
        // Where there is none, each call says so.
        config.set_http_client(http::client().ok());
        config
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials(ACCESS_KEY_ID))
            .endpoint_url(self.endpoint())
            .region(Region::from_static(REGION))
            .retry_config(clients::retries())
            .timeout_config(clients::timeouts())
            .build()
    }

    /// The same settings as the environment of a process.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let endpoint = self.endpoint();
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// The AWS SDK's settings with the credentials of a function's role.
#[must_use]
pub fn in_role_of(function: &str, aws: &SdkConfig) -> SdkConfig {
    aws.to_builder().credentials_provider(credentials(&access_key_id(function))).build()
}

fn credentials(access_key_id: &str) -> SharedCredentialsProvider {
    let credentials = Credentials::new(access_key_id, SECRET_ACCESS_KEY, None, None, "local-stack");
    SharedCredentialsProvider::new(credentials)
}
