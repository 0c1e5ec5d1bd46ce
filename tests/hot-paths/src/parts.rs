//! What the functions are made of here: time that stands, randomness that repeats itself, and ports that have everything at
//! hand.

use std::sync::Arc;

use async_trait::async_trait;
use shared::{
    config::{Browsers, Deployment, Variables},
    domain::{
        random::{NoRandomness, Random},
        time::{Clock, Timestamp},
    },
    front::Front,
    secrets::{SecretStore, SecretStoreError, SecretText, Secrets},
};

/// The present, always.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_318_652);
/// The OAuth client.
pub(crate) const CLIENT_ID: &str = "100-mail.apps.googleusercontent.com";
/// What the cookies' keys are derived from.
pub(crate) const COOKIE_KEY: &str = "a cookie key that is long enough to be one";

const CLIENT_SECRET: &str = r#"{"web":{"client_id":"100-mail.apps.googleusercontent.com","project_id":"mail","auth_uri":"https://accounts.google.com/o/oauth2/v2/auth","token_uri":"https://oauth2.googleapis.com/token","client_secret":"GOCSPX-no-secret-of-anyone","redirect_uris":["https://mail.example.com/callback"]}}"#;

/// Time that stands.
pub(crate) struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// The same bytes every time.
pub(crate) struct Repeating;

impl Random for Repeating {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        for (byte, value) in buffer.iter_mut().zip((0u8..=255).cycle()) {
            *byte = value.wrapping_mul(151).wrapping_add(89);
        }
        Ok(())
    }
}

struct AtHand;

#[async_trait]
impl SecretStore for AtHand {
    async fn current(&self, _: &[&str]) -> Result<Vec<SecretText>, SecretStoreError> {
        Ok([CLIENT_SECRET, COOKIE_KEY].map(|text| SecretText::new(text.to_owned())).into())
    }

    async fn previous(&self, _: &str) -> Result<Option<SecretText>, SecretStoreError> {
        Ok(None)
    }
}

/// A front at `https://mail.example.com`, whose secrets are read at its first request.
pub(crate) fn front() -> Front {
    let variable = |name: &str| match name {
        "CLIENT_SECRET_ID" | "COOKIE_KEY_SECRET_ID" => Some(name.to_owned()),
        "PUBLIC_BASE_URL" => Some("https://mail.example.com".to_owned()),
        _ => None,
    };
    let variables = Variables::new(&variable);
    let (deployment, browsers) = (Deployment::read(&variables).unwrap(), Browsers::read(&variables).unwrap());
    let cookie_key = Some(browsers.cookie_key_secret_id.clone());
    let secrets = Secrets::new(Arc::new(AtHand), Arc::new(Standing), deployment.client_secret_id.clone(), cookie_key);
    Front { deployment, browsers, secrets: Arc::new(secrets), clock: Arc::new(Standing), random: Arc::new(Repeating) }
}
