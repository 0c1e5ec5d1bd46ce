//! Security Event Tokens ([RFC 8417](https://www.rfc-editor.org/rfc/rfc8417)) as Google sends them
//! ([Cross-Account Protection](https://developers.google.com/identity/protocols/risc)): what they say, once their
//! signature is verified.

mod wire;

use async_trait::async_trait;

pub use self::wire::{Claims, Expected, Refused};
use super::{connection::StoreError, time::Timestamp, user_id::UserId};

/// A security event token that is addressed to us.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecurityEventToken {
    /// Its identifier, by which a repeat is known.
    pub jti: String,
    /// When Google issued it, if it says so.
    pub issued_at: Option<Timestamp>,
    /// What happened; as a rule one event.
    pub events: Vec<SecurityEvent>,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecurityEvent {
    /// The user's sessions at Google ended.
    SessionsRevoked(UserId),
    /// All tokens that the user had given to us were revoked.
    TokensRevoked(UserId),
    /// One refresh token was revoked.
    TokenRevoked(TokenIdentifier),
    /// The account was disabled.
    AccountDisabled {
        /// Whose account.
        user_id: UserId,
        /// `hijacking`, `bulk-account`, or none.
        reason: Option<String>,
    },
    /// The account was enabled again.
    AccountEnabled(UserId),
    /// The account's credentials have to be changed.
    CredentialChangeRequired(UserId),
    /// We asked for a test.
    Verification {
        /// What we asked to have sent.
        state: Option<String>,
    },
    /// Something that we do not know, or about someone whom Google does not name by a `sub`.
    Other {
        /// The event type's URI.
        event_type: String,
    },
}

/// How Google names a refresh token without showing it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TokenIdentifier {
    /// Its first characters.
    Prefix(String),
    /// SHA-512 of its SHA-512.
    Hash(Vec<u8>),
}

impl TokenIdentifier {
    /// How many characters a prefix has.
    pub const PREFIX_CHARACTERS: usize = 16;
}

/// Remembers which security events were seen.
#[async_trait]
pub trait SeenEvents: Send + Sync {
    /// Whether the event was seen, and is still remembered at that time.
    async fn is_seen(&self, jti: &str, now: Timestamp) -> Result<bool, StoreError>;

    /// Remembers an event until a time.
    async fn remember(&self, jti: &str, until: Timestamp) -> Result<(), StoreError>;
}
