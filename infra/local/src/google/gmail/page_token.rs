//! Page tokens: where a list goes on, bound to what was asked. They are anchored to a message, so that new mail at the
//! top shifts nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

/// What a page token is bound to: account, query and labels.
pub(super) struct Binding([u8; 8]);

impl Binding {
    pub(super) fn new(parts: &[&str]) -> Self {
        let digest = digest(&SHA256, format!("{parts:?}").as_bytes());
        Self(digest.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// The token of the page that starts with a message.
    pub(super) fn token(&self, serial: u64) -> String {
        URL_SAFE_NO_PAD.encode([serial.to_be_bytes(), self.0].concat())
    }

    /// The message that the page starts with; `None` if the token is not one, or belongs to something else.
    pub(super) fn serial(&self, token: &str) -> Option<u64> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (serial, binding) = bytes.split_first_chunk::<8>()?;
        (binding == self.0).then(|| u64::from_be_bytes(*serial))
    }
}
