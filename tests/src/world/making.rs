//! What a world is made of: Google with its clients, what AWS holds at first, and the functions' environment.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_config::{Region, SdkConfig};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use local::{
    aws::EmbeddedAws,
    google::{self, Account, EmulatedGoogle, OAuthClient},
};

use super::{
    BASE_URL, CLIENT_ID, CLIENT_SECRET, CLIENT_SECRET_ID, COOKIE_KEY, COOKIE_KEY_SECRET_ID, OTHER_CLIENT_ID, Settings,
    TABLE, TestClock, TestRandom,
};

/// A Google that knows the functions' client and another one.
pub(super) fn emulated_google(
    origin: &str,
    settings: &Settings,
    clock: &Arc<TestClock>,
    random: &Arc<TestRandom>,
) -> EmulatedGoogle {
    let client = |client_id: &str, client_secret: &str| OAuthClient {
        client_id: client_id.to_owned(),
        client_secret: client_secret.to_owned(),
        redirect_uris: settings.redirect_uris.clone(),
    };
    EmulatedGoogle::new(google::Options {
        origin: origin.to_owned(),
        clients: vec![client(CLIENT_ID, CLIENT_SECRET), client(OTHER_CLIENT_ID, "GOCSPX-other")],
        accounts: [Account::samples(settings.mailbox_size), settings.accounts.clone()].concat(),
        testing: settings.testing,
        clock: clock.clone(),
        random: random.clone(),
    })
    .unwrap()
}

/// Puts into AWS what a deployment finds there, and returns the key's ARN.
pub(super) fn furnish(aws: &EmbeddedAws, google: &EmulatedGoogle) -> String {
    aws.create_table(TABLE).unwrap();
    let file = google.client_secret_file(CLIENT_ID).unwrap();
    aws.secrets().put(CLIENT_SECRET_ID, &file.to_string()).unwrap();
    aws.secrets().put(COOKIE_KEY_SECRET_ID, COOKIE_KEY).unwrap();
    aws.kms().create_key().unwrap()
}

/// The functions' environment, without what a test sets, and without the credentials that each has of its own.
pub(super) fn variables(aws: &EmbeddedAws, origin: &str, key: &str) -> BTreeMap<String, String> {
    let mut variables = aws.variables();
    variables.retain(|name, _| !["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].contains(&name.as_str()));
    let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.to_owned());
    set("CLIENT_SECRET_ID", CLIENT_SECRET_ID);
    set("COOKIE_KEY_SECRET_ID", COOKIE_KEY_SECRET_ID);
    set("CONNECTIONS_TABLE", TABLE);
    set("TOKEN_KMS_KEY_ID", key);
    set("PUBLIC_BASE_URL", BASE_URL);
    set("GMAIL_BASE_URL", origin);
    set("GOOGLE_JWKS_URI", &format!("{origin}/oauth2/v3/certs"));
    set("GOOGLE_USERINFO_URI", &format!("{origin}/v1/userinfo"));
    set("GOOGLE_REVOKE_URI", &format!("{origin}/revoke"));
    set("GOOGLE_RISC_CONFIGURATION_URI", &format!("{origin}/.well-known/risc-configuration"));
    variables
}

/// The SDK's settings as the functions have them, with shorter waits; and with a region of its own, for all clients of a
/// process that have the same region and service share how often they may try again.
pub(super) fn quick(aws: &EmbeddedAws) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5));
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1));
    let region = Region::new(format!("local-{}", aws.endpoint().rsplit(':').next().unwrap_or_default()));
    aws.sdk_config().into_builder().region(region).timeout_config(timeouts.build()).retry_config(retries).build()
}
