//! Whether both secrets can be read and hold what they should. Their values are never shown.

use futures_util::join;
use shared::{
    aws::secret_store::SecretsManager,
    domain::secret::CookieKeySecret,
    http::cookie_keys::CookieKeys,
    secrets::{SecretStore, SecretStoreError, SecretText},
};
use tokio::time::timeout;

use super::{
    LONGEST, Setup,
    aws_failure::Call,
    finding::{Check, Finding},
    too_long,
};

const CHECK: Check = Check("secrets");

const CLIENT_SECRET: Call = Call {
    check: CHECK,
    action: "secretsmanager:GetSecretValue",
    of: "The secret that CLIENT_SECRET_ID names",
    is_needed: true,
};
const COOKIE_KEY: Call = Call { of: "The secret that COOKIE_KEY_SECRET_ID names", ..CLIENT_SECRET };

/// Looks at both, and gives the text of the client secret on.
pub(super) async fn examine(setup: &Setup<'_>) -> (Vec<Finding>, Option<SecretText>) {
    let store = SecretsManager::new(&setup.inputs.aws);
    let configuration = &setup.configuration;
    let (client_secret, cookie_key) = join!(
        read(&store, CLIENT_SECRET, "CLIENT_SECRET_ID", configuration.client_secret_id.as_deref()),
        read(&store, COOKIE_KEY, "COOKIE_KEY_SECRET_ID", configuration.cookie_key_secret_id.as_deref()),
    );
    let cookie_key = cookie_key.and_then(|text| cookie_key_finding(&text)).unwrap_or_else(|finding| finding);
    match client_secret {
        Ok(text) => (vec![CHECK.ok("The client secret can be read."), cookie_key], Some(text)),
        Err(finding) => (vec![finding, cookie_key], None),
    }
}

async fn read(store: &dyn SecretStore, call: Call, variable: &str, id: Option<&str>) -> Result<SecretText, Finding> {
    let not_given = || CHECK.skipped(format!("{variable} is not set."), format!("Set {variable}."));
    let id = [id.ok_or_else(not_given)?];
    let outcome = timeout(LONGEST, store.current(&id)).await.map_err(|_| too_long(CHECK))?;
    let mut values = outcome.map_err(|error| match error {
        SecretStoreError::Missing { .. } => call.explain("ResourceNotFound"),
        SecretStoreError::Unreadable { detail, .. } => call.explain(&detail),
    })?;
    Ok(values.pop().unwrap_or_default())
}

fn cookie_key_finding(text: &str) -> Result<Finding, Finding> {
    let derived = CookieKeys::derive(&CookieKeySecret::new(text), None);
    derived.map(|_| CHECK.ok("The cookie key can be read and is long enough.")).map_err(|_| {
        CHECK.problem(
            "The cookie key has fewer than 32 characters.",
            "Put a random text of at least 32 characters there, such as what “openssl rand -base64 32” prints.",
        )
    })
}
