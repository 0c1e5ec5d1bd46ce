//! Randomness, and where it comes from.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};

/// A source of random bytes fit for keys and nonces.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// If the machine has no randomness to give.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The machine has no randomness to give.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the machine has no randomness to give")]
pub struct NoRandomness;

/// The operating system's randomness.
#[derive(Clone, Debug)]
pub struct SystemRandomness(SystemRandom);

impl Default for SystemRandomness {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Random for SystemRandomness {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.fill(buffer).map_err(|_| NoRandomness)
    }
}

/// `N` random bytes.
///
/// # Errors
/// If the machine has no randomness to give.
pub fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], NoRandomness> {
    let mut buffer = [0; N];
    random.fill(&mut buffer)?;
    Ok(buffer)
}

/// A text of 43 URL-safe characters that holds 256 random bits: fit for `state`, `nonce` and a PKCE code verifier
/// ([RFC 7636 §4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
///
/// # Errors
/// If the machine has no randomness to give.
pub fn token(random: &dyn Random) -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>(random)?))
}
