//! The stack's emulated Google: its one client, and how it outlives the process where there is a file.

use std::time::Duration;

use super::{
    Settings, StackError,
    client_secret::{CLIENT_ID, CLIENT_SECRET, ClientSecret},
};
use crate::{
    aws::{AwsError, EmbeddedAws},
    google::{EmulatedGoogle, OAuthClient, Options},
};

/// The name that the snapshot has among what the embedded AWS remembers.
const STATE: &str = "google";

/// How long changes are gathered before they are written down.
const PAUSE: Duration = Duration::from_secs(1);

/// An emulated Google at that origin, as the embedded AWS remembers it, with one client that has that redirect URI.
pub(super) fn build(
    settings: &Settings,
    aws: &EmbeddedAws,
    origin: String,
    redirect_uri: String,
) -> Result<EmulatedGoogle, StackError> {
    let client = OAuthClient {
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        redirect_uris: vec![redirect_uri],
    };
    let google = EmulatedGoogle::new(Options {
        origin,
        clients: vec![client],
        accounts: settings.accounts.clone(),
        testing: settings.testing,
        clock: settings.clock.clone(),
        random: settings.random.clone(),
    })?;
    if let Some(units) = settings.gmail_quota {
        google.set_gmail_quota(units);
    }
    if let Some(snapshot) = aws.state(STATE)? {
        let snapshot = serde_json::from_str(&snapshot).unwrap_or_default();
        google.restore(snapshot).map_err(|_| StackError::Snapshot)?;
    }
    Ok(google)
}

/// The file of the emulated Google's client.
pub(super) fn client_secret(google: &EmulatedGoogle, redirect_uri: String) -> ClientSecret {
    let file = google.client_secret_file(CLIENT_ID).unwrap_or_default();
    ClientSecret { text: file.to_string(), redirect_uris: vec![redirect_uri] }
}

/// Writes the snapshot down after each change, until the task ends.
pub(super) async fn keep(google: EmulatedGoogle, aws: EmbeddedAws) {
    let mut changes = google.changes();
    while changes.changed().await.is_ok() {
        tokio::time::sleep(PAUSE).await;
        changes.mark_unchanged();
        if let Err(error) = save(&google, &aws) {
            tracing::error!(%error, "the emulated Google's tokens were not kept");
        }
    }
}

/// Writes the snapshot down, unless it is what was written last.
pub(super) fn save(google: &EmulatedGoogle, aws: &EmbeddedAws) -> Result<(), AwsError> {
    let snapshot = google.snapshot().to_string();
    if aws.state(STATE)?.as_deref() == Some(&*snapshot) {
        return Ok(());
    }
    aws.put_state(STATE, &snapshot)
}
