//! Who takes part: Google accounts with a mailbox, and the applications that ask for access.

use std::fmt;

/// A web application, as registered in Google's console.
#[derive(Clone)]
pub struct OAuthClient {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// The redirect URIs, compared character for character.
    pub redirect_uris: Vec<String>,
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient")
            .field("client_id", &self.client_id)
            .field("client_secret", &"[redacted]")
            .field("redirect_uris", &self.redirect_uris)
            .finish()
    }
}

/// A Google account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The subject: 21 digits that never change.
    pub sub: String,
    /// The e-mail address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// How many messages the mailbox holds, beside those in spam and trash.
    pub mailbox_size: usize,
}

impl Account {
    /// Three accounts to try things with: two with that many messages each, and one whose mailbox is empty.
    pub fn samples(mailbox_size: usize) -> Vec<Self> {
        vec![
            Self::sample("104512067890123456781", "anna.schmidt@example.com", "Anna Schmidt", mailbox_size),
            Self::sample("108230145678901234562", "david.cohen@example.com", "דוד כהן", mailbox_size),
            Self::sample("117345026789012345673", "new.here@example.com", "Noor Haddad", 0),
        ]
    }

    fn sample(sub: &str, email: &str, name: &str, mailbox_size: usize) -> Self {
        Self { sub: sub.to_owned(), email: email.to_owned(), name: name.to_owned(), mailbox_size }
    }
}
