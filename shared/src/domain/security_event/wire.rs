//! The claims of a security event token, read strictly where they decide something.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{SecurityEvent, SecurityEventToken, TokenIdentifier};
use crate::domain::{time::Timestamp, user_id::UserId};

/// The most bytes of a `jti`: the key of an item that remembers it.
const MAX_JTI: usize = 512;
/// The most events of one token.
const MAX_EVENTS: usize = 16;
/// The bytes of a SHA-512.
const HASH_BYTES: usize = 64;

/// The event types' URIs. The standards put those about tokens under `oauth`; both spellings are seen.
const PREFIXES: [&str; 2] =
    ["https://schemas.openid.net/secevent/risc/event-type/", "https://schemas.openid.net/secevent/oauth/event-type/"];

/// The claims that we read. `exp` is not among them: an event stays true.
#[derive(Deserialize)]
pub struct Claims {
    iss: Value,
    aud: Value,
    #[serde(default)]
    jti: Value,
    #[serde(default)]
    iat: Value,
    #[serde(default)]
    events: Value,
}

/// What the claims are held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer that Google's configuration names.
    pub issuer: &'a str,
    /// Our OAuth client.
    pub client_id: &'a str,
}

/// Why a token is refused, by the words of [RFC 8935 §2.4](https://www.rfc-editor.org/rfc/rfc8935#section-2.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// `invalid_request`: it is no security event token.
    #[error("{0}")]
    Request(&'static str),
    /// `invalid_issuer`: it is not from Google.
    #[error("The token is not issued by Google.")]
    Issuer,
    /// `invalid_audience`: it is for somebody else.
    #[error("The token is not addressed to this OAuth client.")]
    Audience,
}

impl Claims {
    /// Holds the claims against what we expect, and reads the events.
    ///
    /// # Errors
    /// The first claim that is not as it must be.
    pub fn read(&self, expected: &Expected<'_>) -> Result<SecurityEventToken, Refused> {
        let issuer = self.iss.as_str().unwrap_or_default();
        if !is_google(issuer) && !same_issuer(issuer, expected.issuer) {
            return Err(Refused::Issuer);
        }
        if !audiences(&self.aud).any(|audience| audience == expected.client_id) {
            return Err(Refused::Audience);
        }
        let jti = self.jti.as_str().filter(|jti| is_identifier(jti));
        let jti = jti.ok_or(Refused::Request("The token has no usable jti."))?.to_owned();
        let events = self.events.as_object().filter(|events| !events.is_empty());
        let events = events.ok_or(Refused::Request("The token holds no events."))?;
        if events.len() > MAX_EVENTS {
            return Err(Refused::Request("The token holds more than 16 events."));
        }
        let events = events.iter().map(|(event_type, details)| event(event_type, details));
        let issued_at = self.iat.as_f64().filter(|seconds| *seconds > 0.0 && *seconds < 1e11);
        #[expect(clippy::cast_possible_truncation, reason = "within the bounds above")]
        let issued_at = issued_at.map(|seconds| Timestamp::from_unix_millis((seconds * 1000.0) as i64));
        Ok(SecurityEventToken { jti, issued_at, events: events.collect::<Result<_, _>>()? })
    }
}

const NO_SUBJECT: Refused = Refused::Request("An event does not say whom or what it is about.");

/// Google writes its issuer with and without a scheme and a slash.
fn is_google(issuer: &str) -> bool {
    same_issuer(issuer, "https://accounts.google.com") || same_issuer(issuer, "accounts.google.com")
}

fn same_issuer(one: &str, other: &str) -> bool {
    let bare = |issuer: &str| issuer.strip_suffix('/').unwrap_or(issuer).to_owned();
    !one.is_empty() && bare(one) == bare(other)
}

fn audiences(aud: &Value) -> impl Iterator<Item = &str> {
    let many = aud.as_array().into_iter().flatten();
    aud.as_str().into_iter().chain(many.filter_map(Value::as_str))
}

fn is_identifier(jti: &str) -> bool {
    (1..=MAX_JTI).contains(&jti.len()) && jti.bytes().all(|byte| byte.is_ascii_graphic())
}

fn event(event_type: &str, details: &Value) -> Result<SecurityEvent, Refused> {
    let name = PREFIXES.iter().find_map(|prefix| event_type.strip_prefix(prefix)).unwrap_or_default();
    let text = |key: &str| details.get(key).and_then(Value::as_str).map(str::to_owned);
    let about_user = |of: fn(UserId) -> SecurityEvent| match subject(details)? {
        Some(user_id) => Ok(of(user_id)),
        None => Ok(other(event_type)),
    };
    match name {
        "sessions-revoked" => about_user(SecurityEvent::SessionsRevoked),
        "tokens-revoked" => about_user(SecurityEvent::TokensRevoked),
        "account-enabled" => about_user(SecurityEvent::AccountEnabled),
        "account-credential-change-required" => about_user(SecurityEvent::CredentialChangeRequired),
        "account-disabled" => Ok(match subject(details)? {
            Some(user_id) => SecurityEvent::AccountDisabled { user_id, reason: text("reason") },
            None => other(event_type),
        }),
        "token-revoked" => {
            token(details).map(|token| token.map_or_else(|| other(event_type), SecurityEvent::TokenRevoked))
        }
        "verification" => Ok(SecurityEvent::Verification { state: text("state") }),
        _ => Ok(other(event_type)),
    }
}

fn other(event_type: &str) -> SecurityEvent {
    SecurityEvent::Other { event_type: event_type.to_owned() }
}

fn subject_of(details: &Value) -> Result<&Map<String, Value>, Refused> {
    details.get("subject").and_then(Value::as_object).ok_or(NO_SUBJECT)
}

/// The user whom an event is about; `None` if it is nobody of Google's, or is not named by a `sub`.
fn subject(details: &Value) -> Result<Option<UserId>, Refused> {
    let subject = subject_of(details)?;
    let of_google = subject.get("iss").is_none_or(|iss| iss.as_str().is_some_and(is_google));
    match subject.get("sub") {
        Some(sub) => {
            let user_id = sub.as_str().and_then(UserId::parse).ok_or(NO_SUBJECT)?;
            Ok(Some(user_id).filter(|_| of_google))
        }
        None if subject.contains_key("email") => Ok(None),
        None => Err(NO_SUBJECT),
    }
}

/// The refresh token that an event is about; `None` for a token of another kind or a way to name it that is not known.
fn token(details: &Value) -> Result<Option<TokenIdentifier>, Refused> {
    let subject = subject_of(details)?;
    let text = |key: &str| subject.get(key).and_then(Value::as_str);
    let identifier = text("token").or_else(|| text("token_identifier")).ok_or(NO_SUBJECT)?;
    if text("token_type").is_some_and(|token_type| token_type != "refresh_token") {
        return Ok(None);
    }
    match text("token_identifier_alg") {
        Some("prefix") => {
            let is_prefix = identifier.chars().count() == TokenIdentifier::PREFIX_CHARACTERS;
            Ok(is_prefix.then(|| TokenIdentifier::Prefix(identifier.to_owned())))
        }
        Some("hash_base64_sha512_sha512") => {
            hash(identifier).map(|hash| Some(TokenIdentifier::Hash(hash))).ok_or(NO_SUBJECT)
        }
        _ => Ok(None),
    }
}

/// Base64 in either alphabet, padded or not.
fn hash(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded =
        [&STANDARD, &URL_SAFE].into_iter().find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok());
    decoded.filter(|hash| hash.len() == HASH_BYTES)
}
