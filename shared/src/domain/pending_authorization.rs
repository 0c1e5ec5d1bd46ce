//! What we remember between sending the browser to Google and its return.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{
    random::{self, NoRandomness, Random},
    time::Timestamp,
};

/// A pending authorization. It travels sealed in a cookie; the names of its fields are short for that reason.
#[derive(Deserialize, Serialize)]
pub struct PendingAuthorization {
    /// Ours, random: binds the callback to this browser
    /// ([RFC 6749 §10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12)).
    #[serde(rename = "s")]
    pub state: String,
    /// Binds the ID token to this attempt
    /// ([OpenID Connect Core §3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).
    #[serde(rename = "n")]
    pub nonce: String,
    /// The PKCE code verifier ([RFC 7636 §4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
    #[serde(rename = "v")]
    pub code_verifier: String,
    /// Where the browser goes afterwards; checked before it was sealed.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
    /// The caller's own opaque value.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub caller_state: Option<String>,
    /// Whether this attempt made Google ask for consent.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub consent_forced: bool,
    /// When it was made, in milliseconds since the Unix epoch.
    #[serde(rename = "t")]
    created_at: i64,
}

impl PendingAuthorization {
    /// How long the browser may take.
    pub const LIFETIME: Duration = Duration::from_mins(10);
    /// How many characters of `state` name the cookie.
    pub const NAME_LENGTH: usize = 8;

    /// A new attempt with fresh random values.
    ///
    /// # Errors
    /// If the machine has no randomness to give.
    pub fn new(random: &dyn Random, now: Timestamp) -> Result<Self, NoRandomness> {
        Ok(Self {
            state: random::token(random)?,
            nonce: random::token(random)?,
            code_verifier: random::token(random)?,
            return_to: None,
            caller_state: None,
            consent_forced: false,
            created_at: now.unix_millis(),
        })
    }

    /// When it was made.
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.created_at)
    }

    /// Whether the browser may still come back with it.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now.since(self.created_at()) <= Self::LIFETIME
    }

    /// Whether the authorization response belongs to this attempt; compared in constant time.
    pub fn has_state(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }
}

impl std::fmt::Debug for PendingAuthorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PendingAuthorization([redacted])")
    }
}

/// The part of a `state` that names its cookie; `None` if it is too short to be one of ours.
pub fn cookie_suffix(state: &str) -> Option<&str> {
    let suffix = state.get(..PendingAuthorization::NAME_LENGTH)?;
    let fits = suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    fits.then_some(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SystemRandomness;

    #[test]
    fn only_the_whole_state_is_the_attempts() {
        let attempt = PendingAuthorization::new(&SystemRandomness::default(), Timestamp::from_unix_seconds(1)).unwrap();
        assert!(attempt.has_state(&attempt.state));
        for other in ["", &attempt.state[..8], &attempt.state[1..], &format!("{}A", attempt.state), &attempt.nonce] {
            assert!(!attempt.has_state(other), "{other}");
        }
    }

    #[test]
    fn an_attempt_lives_ten_minutes() {
        let made = Timestamp::from_unix_seconds(1_795_318_652);
        let attempt = PendingAuthorization::new(&SystemRandomness::default(), made).unwrap();
        assert!(attempt.is_live(made.after(Duration::from_mins(10))));
        assert!(!attempt.is_live(made.after(Duration::from_mins(10) + Duration::from_millis(1))));
    }

    #[test]
    fn the_first_eight_characters_of_a_state_name_its_cookie_if_they_can_stand_in_a_name() {
        for (state, suffix) in [
            ("aZ09-_bcdefg", Some("aZ09-_bc")),
            ("aZ09-_bc", Some("aZ09-_bc")),
            ("--------", Some("--------")),
            ("________", Some("________")),
            ("aZ09-_b", None),
            ("aZ09-_b;x", None),
            ("aZ09-_b=x", None),
            ("aZ09 _bcd", None),
            ("aZ09-_bé", None),
            ("", None),
        ] {
            assert_eq!(cookie_suffix(state), suffix, "{state:?}");
        }
    }
}
