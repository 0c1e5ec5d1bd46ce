//! The `client_secret.json` of a web client: Google's own, or the one that the emulated Google would give out.

use std::{
    io,
    path::{Path, PathBuf},
};

use shared::domain::oauth_client::{NotAWebClient, OAuthClient};

/// The client that the emulated Google knows.
pub(super) const CLIENT_ID: &str = "000000000000-local.apps.googleusercontent.com";
/// The secret of that client, which opens nothing elsewhere.
pub(super) const CLIENT_SECRET: &str = "GOCSPX-local-stack-client-secret";

/// A file that cannot be used as `client_secret.json`.
#[derive(Debug, thiserror::Error)]
pub enum ClientSecretError {
    /// The file cannot be read.
    #[error("{} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// The file is something else.
    #[error("{} is not the client_secret.json of a web application: {what}", file.display())]
    NotAWebClient {
        /// The file.
        file: PathBuf,
        /// What it is instead, and what to do.
        what: NotAWebClient,
    },
}

/// The text of a web client's file and its redirect URIs.
pub(super) struct ClientSecret {
    pub(super) text: String,
    pub(super) redirect_uris: Vec<String>,
}

impl ClientSecret {
    /// Reads a file that Google gave.
    pub(super) fn read(file: &Path) -> Result<Self, ClientSecretError> {
        let text = std::fs::read_to_string(file)
            .map_err(|reason| ClientSecretError::Unreadable { file: file.to_owned(), reason })?;
        let client = OAuthClient::parse(&text)
            .map_err(|what| ClientSecretError::NotAWebClient { file: file.to_owned(), what })?;
        Ok(Self { text, redirect_uris: client.redirect_uris })
    }
}
