//! Authenticated encryption of small values: AES-256-GCM with a random nonce
//! ([NIST SP 800-38D](https://csrc.nist.gov/pubs/sp/800/38/d/final)).
//!
//! A sealed value is the nonce, the ciphertext and the tag. It opens only with the key and the context that it was
//! sealed with.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};
use zeroize::Zeroizing;

use crate::domain::random::{self, NoRandomness, Random};

/// A key that seals and opens.
#[derive(Clone)]
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// The key with these bytes.
    ///
    /// # Errors
    /// Never for 32 bytes, which is what AES-256 takes.
    pub fn new(key: &[u8; 32]) -> Result<Self, CannotSeal> {
        UnboundKey::new(&AES_256_GCM, key).map(|key| Self(LessSafeKey::new(key))).map_err(|_| CannotSeal)
    }

    /// The key for one purpose, derived from a secret by HKDF-SHA-256
    /// ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)).
    ///
    /// # Errors
    /// Never for the length of an AES-256 key.
    pub fn derive(secret: &[u8], purpose: &str) -> Result<Self, CannotSeal> {
        let info = [purpose.as_bytes()];
        let pseudorandom = Salt::new(HKDF_SHA256, b"gmail-connect").extract(secret);
        let key = pseudorandom.expand(&info, &AES_256_GCM).map_err(|_| CannotSeal)?;
        Ok(Self(LessSafeKey::new(UnboundKey::from(key))))
    }

    /// Seals a value in a context.
    ///
    /// # Errors
    /// If the machine has no randomness for a nonce, or the value is larger than the cipher takes (64 GiB).
    pub fn seal(&self, random: &dyn Random, context: &str, value: &[u8]) -> Result<Vec<u8>, CannotSeal> {
        let nonce = random::bytes::<NONCE_LEN>(random)?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + value.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value);
        let ciphertext = sealed.get_mut(NONCE_LEN..).ok_or(CannotSeal)?;
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), ciphertext)
            .map_err(|_| CannotSeal)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens a sealed value; `None` if it was sealed with another key or in another context, or is damaged.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut value = Zeroizing::new(ciphertext.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(context), &mut value).ok()?.len();
        value.truncate(length);
        Some(value)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey([redacted])")
    }
}

/// The value could not be sealed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the value cannot be sealed")]
pub struct CannotSeal;

impl From<NoRandomness> for CannotSeal {
    fn from(_: NoRandomness) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::random::SystemRandomness;

    fn seal(context: &str, value: &[u8]) -> Vec<u8> {
        SealingKey::new(&[7; 32]).unwrap().seal(&SystemRandomness::default(), context, value).unwrap()
    }

    #[test]
    fn a_value_does_not_open_in_another_context_or_with_another_key() {
        let sealed = seal("refresh_token\0 1", b"value");
        let key = SealingKey::new(&[7; 32]).unwrap();
        assert_eq!(key.open("refresh_token\0 1", &sealed).unwrap().as_slice(), b"value");
        assert!(key.open("access_token\0 1", &sealed).is_none());
        assert!(SealingKey::new(&[8; 32]).unwrap().open("refresh_token\0 1", &sealed).is_none());
    }

    #[test]
    fn two_seals_of_the_same_value_differ() {
        assert_ne!(seal("c", b"value"), seal("c", b"value"));
    }

    #[test]
    fn keys_for_two_purposes_do_not_open_each_others_values() {
        let (session, pending) =
            (SealingKey::derive(b"secret", "session").unwrap(), SealingKey::derive(b"secret", "pending").unwrap());
        let sealed = session.seal(&SystemRandomness::default(), "c", b"value").unwrap();
        assert!(session.open("c", &sealed).is_some());
        assert!(pending.open("c", &sealed).is_none());
    }

    proptest! {
        #[test]
        fn every_value_opens_as_it_was_and_no_damaged_one_does(value: Vec<u8>, at: prop::sample::Index, bit in 0u8..8) {
            let key = SealingKey::new(&[7; 32]).unwrap();
            let mut sealed = seal("c", &value);
            let opened = key.open("c", &sealed).unwrap();
            prop_assert_eq!(&*opened, &value);
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(key.open("c", &sealed).is_none());
        }

        #[test]
        fn garbage_does_not_open(garbage: Vec<u8>) {
            prop_assert!(SealingKey::new(&[7; 32]).unwrap().open("c", &garbage).is_none());
        }
    }
}
