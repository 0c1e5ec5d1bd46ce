//! The events that Google tells applications, by type and in JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA512, digest};
use serde_json::{Value, json};

use crate::google::ISSUER;

const SESSIONS_REVOKED: &str = "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked";
const TOKENS_REVOKED: &str = "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked";
const TOKEN_REVOKED: &str = "https://schemas.openid.net/secevent/oauth/event-type/token-revoked";
const ACCOUNT_DISABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
const ACCOUNT_ENABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-enabled";
const CREDENTIAL_CHANGE_REQUIRED: &str =
    "https://schemas.openid.net/secevent/risc/event-type/account-credential-change-required";
pub(in crate::google) const VERIFICATION: &str = "https://schemas.openid.net/secevent/risc/event-type/verification";

/// Every type of event
/// ([supported event types](https://developers.google.com/identity/protocols/risc#supported_event_types)).
pub(in crate::google) const EVENT_TYPES: [&str; 7] = [
    SESSIONS_REVOKED,
    TOKENS_REVOKED,
    TOKEN_REVOKED,
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    CREDENTIAL_CHANGE_REQUIRED,
    VERIFICATION,
];

/// Something that Google tells applications. `sub` is the account that it happened to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecurityEvent {
    /// The user was signed out everywhere.
    SessionsRevoked {
        /// The account.
        sub: String,
    },
    /// The user, or Google, removed the access of an application.
    TokensRevoked {
        /// The account.
        sub: String,
    },
    /// A refresh token was revoked: one event for each that lives, so this is to be announced before they die.
    TokenRevoked {
        /// The account.
        sub: String,
        /// How the event names the token.
        named_by: TokenName,
    },
    /// The account was disabled.
    AccountDisabled {
        /// The account.
        sub: String,
        /// Why, if that is told.
        reason: Option<DisabledReason>,
    },
    /// The account works again.
    AccountEnabled {
        /// The account.
        sub: String,
    },
    /// The account may be in somebody else's hands.
    AccountCredentialChangeRequired {
        /// The account.
        sub: String,
    },
    /// A test of the stream, which is sent whether it was requested or not.
    Verification {
        /// What the test was started with.
        state: String,
    },
}

/// How an event names a refresh token without telling it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenName {
    /// By its first 16 characters.
    Prefix,
    /// By its double SHA-512, in base64.
    Hash,
}

/// Why an account was disabled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DisabledReason {
    /// Somebody else had taken it over.
    Hijacking,
    /// It was made by a machine, as many others.
    BulkAccount,
}

impl SecurityEvent {
    /// The URI of the event's type.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::SessionsRevoked { .. } => SESSIONS_REVOKED,
            Self::TokensRevoked { .. } => TOKENS_REVOKED,
            Self::TokenRevoked { .. } => TOKEN_REVOKED,
            Self::AccountDisabled { .. } => ACCOUNT_DISABLED,
            Self::AccountEnabled { .. } => ACCOUNT_ENABLED,
            Self::AccountCredentialChangeRequired { .. } => CREDENTIAL_CHANGE_REQUIRED,
            Self::Verification { .. } => VERIFICATION,
        }
    }

    /// The account that it happened to.
    pub(super) fn sub(&self) -> Option<&str> {
        match self {
            Self::SessionsRevoked { sub }
            | Self::TokensRevoked { sub }
            | Self::TokenRevoked { sub, .. }
            | Self::AccountDisabled { sub, .. }
            | Self::AccountEnabled { sub }
            | Self::AccountCredentialChangeRequired { sub } => Some(sub),
            Self::Verification { .. } => None,
        }
    }

    /// What is said about that account.
    pub(super) fn payload(&self, sub: &str) -> Value {
        let subject = json!({ "subject_type": "iss-sub", "iss": format!("{ISSUER}/"), "sub": sub });
        match self {
            Self::AccountDisabled { reason: Some(reason), .. } => {
                json!({ "subject": subject, "reason": reason.text() })
            }
            _ => json!({ "subject": subject }),
        }
    }
}

impl DisabledReason {
    fn text(self) -> &'static str {
        match self {
            Self::Hijacking => "hijacking",
            Self::BulkAccount => "bulk-account",
        }
    }
}

impl TokenName {
    /// The subject of an event about a refresh token.
    pub(super) fn subject(self, token: &str) -> Value {
        let (algorithm, identifier) = match self {
            Self::Prefix => ("prefix", token.chars().take(16).collect()),
            Self::Hash => {
                let twice = digest(&SHA512, digest(&SHA512, token.as_bytes()).as_ref());
                ("hash_base64_sha512_sha512", STANDARD.encode(twice))
            }
        };
        json!({
            "subject_type": "oauth_token",
            "token_type": "refresh_token",
            "token_identifier_alg": algorithm,
            "token": identifier,
        })
    }
}
