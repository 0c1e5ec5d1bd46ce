//! The `client_secret.json` of a web client: Google's own, or the one that the emulated Google would give out.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde_json::Value;

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
        /// What it is instead.
        what: &'static str,
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
        let redirect_uris =
            check(&text).map_err(|what| ClientSecretError::NotAWebClient { file: file.to_owned(), what })?;
        Ok(Self { text, redirect_uris })
    }
}

/// The redirect URIs of a web client's file, or what the text is instead.
fn check(text: &str) -> Result<Vec<String>, &'static str> {
    let file: Value = serde_json::from_str(text).map_err(|_| "it is not JSON")?;
    if file.get("installed").is_some() {
        return Err("it is that of a desktop client; make an OAuth client of the type “Web application”");
    }
    if file.get("type").is_some() {
        return Err("it is the key of a service account; make an OAuth client of the type “Web application”");
    }
    let web = file.get("web").ok_or("it has no “web”; download it again from the client’s page")?;
    let complete = ["client_id", "client_secret", "auth_uri", "token_uri"]
        .iter()
        .all(|name| web.get(name).and_then(Value::as_str).is_some_and(|value| !value.is_empty()));
    if !complete {
        return Err("its client_id, client_secret, auth_uri or token_uri is missing; download it again");
    }
    let uris: Vec<_> = web
        .get("redirect_uris")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if uris.is_empty() {
        return Err(
            "it lists no redirect URI; add http://localhost:8787/callback to the client’s and download it again",
        );
    }
    Ok(uris)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_told_for_what_it_is() {
        for (text, expected) in [
            ("{", "not JSON"),
            (r#"{"installed":{}}"#, "desktop"),
            (r#"{"type":"service_account"}"#, "service account"),
            ("{}", "no “web”"),
            (r#"{"web":{"client_id":"a"}}"#, "missing"),
            (r#"{"web":{"client_id":"a","client_secret":"b","auth_uri":"c","token_uri":"d"}}"#, "no redirect URI"),
        ] {
            let what = check(text).unwrap_err();
            assert!(what.contains(expected), "{text}: {what}");
        }
    }
}
