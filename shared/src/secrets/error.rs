//! Why there are no secrets to work with, and what to do about it.

use crate::{domain::oauth_client::NotAWebClient, http::cookie_keys::UnusableCookieKey};

/// A secret cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SecretStoreError {
    /// The store says that there is nothing: no such secret, or no value in it yet.
    #[error("secret {id} does not exist or has no value yet")]
    Missing {
        /// The secret's id.
        id: String,
    },
    /// The store failed.
    #[error("secret {id} cannot be read: {detail}")]
    Unreadable {
        /// The secret's id.
        id: String,
        /// What the store said, for the log.
        detail: String,
    },
}

/// Why there is nothing to work with.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SecretsError {
    /// The store failed; the next request may have more luck.
    #[error(transparent)]
    Unavailable(SecretStoreError),
    /// Nobody has put anything there yet, as in a fresh deployment; or the id is wrong.
    #[error(
        "secret {id} does not exist or has no value yet; {what}: \
         aws secretsmanager put-secret-value --secret-id {id} --secret-string {value}"
    )]
    NoValue {
        /// The secret's id.
        id: String,
        /// What to put there.
        what: &'static str,
        /// The command's word for it.
        value: &'static str,
    },
    /// The client secret is not what Google's console hands out for a web client.
    #[error("secret {id} is not a client_secret.json: {source}")]
    Client {
        /// The secret's id.
        id: String,
        /// What it is instead, and what to put there.
        source: NotAWebClient,
    },
    /// The cookie key cannot serve.
    #[error("secret {id} is no cookie key: {source}")]
    CookieKey {
        /// The secret's id.
        id: String,
        /// Why not.
        source: UnusableCookieKey,
    },
}

impl SecretsError {
    /// What a failure of the store comes to: one that says that there is nothing is the operator's to mend.
    pub(super) fn unreadable(error: SecretStoreError, client_secret_id: &str) -> Self {
        let SecretStoreError::Missing { id } = error else { return Self::Unavailable(error) };
        let (what, value) = if id == client_secret_id {
            (
                "download the JSON of the OAuth client from Google's console and put it there",
                "file://client_secret.json",
            )
        } else {
            ("put a random text of at least 32 characters there", "\"$(openssl rand -base64 48)\"")
        };
        Self::NoValue { id, what, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_without_a_value_is_told_with_what_belongs_there() {
        for (id, belongs) in [("client", "client_secret.json"), ("cookie", "openssl rand")] {
            let error = SecretsError::unreadable(SecretStoreError::Missing { id: id.to_owned() }, "client").to_string();
            assert!(error.contains(id) && error.contains(belongs), "{error}");
        }
        let unreadable = SecretStoreError::Unreadable { id: "client".to_owned(), detail: "denied".to_owned() };
        assert!(matches!(SecretsError::unreadable(unreadable, "client"), SecretsError::Unavailable(_)));
    }
}
