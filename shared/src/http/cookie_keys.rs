//! The keys of our cookies, derived from one secret that can be rotated.

use zeroize::Zeroizing;

use crate::{
    domain::{random::Random, secret::CookieKeySecret},
    sealing::{CannotSeal, SealingKey},
};

/// The fewest characters of the secret.
const MIN_CHARACTERS: usize = 32;

/// What a cookie is for. Each purpose has its own key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// A pending authorization.
    Pending,
    /// A session.
    Session,
}

/// The keys: the first ones are current and seal, all of them open. Without any, nothing does.
#[derive(Debug, Default)]
pub struct CookieKeys(Vec<KeySet>);

#[derive(Debug)]
struct KeySet {
    pending: SealingKey,
    session: SealingKey,
}

impl CookieKeys {
    /// Derives the keys of both secrets.
    ///
    /// # Errors
    /// If the current secret is too short. A previous one that is too short opens nothing.
    pub fn derive(current: &CookieKeySecret, previous: Option<&CookieKeySecret>) -> Result<Self, UnusableCookieKey> {
        let current = KeySet::derive(current)?;
        let previous = previous.and_then(|previous| KeySet::derive(previous).ok());
        Ok(Self([current].into_iter().chain(previous).collect()))
    }

    /// Seals a cookie's value; it opens under that name only.
    ///
    /// # Errors
    /// If the machine has no randomness, or there are no keys.
    pub fn seal(&self, random: &dyn Random, purpose: Purpose, name: &str, value: &[u8]) -> Result<Vec<u8>, CannotSeal> {
        self.0.first().ok_or(CannotSeal)?.of(purpose).seal(random, name, value)
    }

    /// Opens a cookie's value; `None` if it is not one that we sealed for that purpose under that name.
    pub fn open(&self, purpose: Purpose, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0.iter().find_map(|keys| keys.of(purpose).open(name, sealed))
    }
}

impl KeySet {
    fn derive(secret: &CookieKeySecret) -> Result<Self, UnusableCookieKey> {
        let secret = secret.reveal();
        if secret.chars().count() < MIN_CHARACTERS {
            return Err(UnusableCookieKey);
        }
        let derive = |purpose| SealingKey::derive(secret.as_bytes(), purpose).map_err(|_| UnusableCookieKey);
        Ok(Self { pending: derive("cookie: pending authorization")?, session: derive("cookie: session")? })
    }

    fn of(&self, purpose: Purpose) -> &SealingKey {
        match purpose {
            Purpose::Pending => &self.pending,
            Purpose::Session => &self.session,
        }
    }
}

/// The secret is too short to make keys of.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("it has fewer than 32 characters; put a random text of at least 32 characters there")]
pub struct UnusableCookieKey;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SystemRandomness;

    fn secret(letter: &str) -> CookieKeySecret {
        CookieKeySecret::new(letter.repeat(32))
    }

    #[test]
    fn what_the_previous_secret_sealed_still_opens_and_is_sealed_anew_with_the_current_one() {
        let before = CookieKeys::derive(&secret("a"), None).unwrap();
        let after = CookieKeys::derive(&secret("b"), Some(&secret("a"))).unwrap();
        let random = SystemRandomness::default();
        let old = before.seal(&random, Purpose::Session, "session", b"value").unwrap();
        let new = after.seal(&random, Purpose::Session, "session", b"value").unwrap();
        assert!(after.open(Purpose::Session, "session", &old).is_some());
        assert!(before.open(Purpose::Session, "session", &new).is_none());
    }

    #[test]
    fn a_cookie_opens_for_its_purpose_and_under_its_name_only() {
        let keys = CookieKeys::derive(&secret("a"), None).unwrap();
        let sealed = keys.seal(&SystemRandomness::default(), Purpose::Pending, "pending-1", b"value").unwrap();
        assert!(keys.open(Purpose::Pending, "pending-1", &sealed).is_some());
        assert!(keys.open(Purpose::Pending, "pending-2", &sealed).is_none());
        assert!(keys.open(Purpose::Session, "pending-1", &sealed).is_none());
    }

    #[test]
    fn a_secret_of_31_characters_is_too_short() {
        assert_eq!(CookieKeys::derive(&CookieKeySecret::new("a".repeat(31)), None).unwrap_err(), UnusableCookieKey);
    }
}
