//! Data keys: what the tokens of one connection are sealed under.

use async_trait::async_trait;
use zeroize::Zeroizing;

/// 256 bits that never leave memory unwrapped. They have one place, so that a key that is moved leaves no copy behind.
#[derive(Clone)]
pub struct DataKey(Box<Zeroizing<[u8; 32]>>);

impl DataKey {
    /// Takes 32 bytes into custody; `None` for any other number.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Box::new(Zeroizing::new([0; 32]));
        if bytes.len() != key.len() {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    /// The key's bytes.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey([redacted])")
    }
}

/// A new data key, and its wrapped form to keep.
#[derive(Debug)]
pub struct NewDataKey {
    /// The key.
    pub key: DataKey,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
}

/// Makes and unwraps data keys. Each is bound to its owner: it does not unwrap for another.
#[async_trait]
pub trait DataKeys: Send + Sync {
    /// A new data key for an owner.
    async fn generate(&self, owner: &str) -> Result<NewDataKey, DataKeyError>;

    /// The data key of an owner.
    async fn unwrap(&self, owner: &str, wrapped: &[u8]) -> Result<DataKey, DataKeyError>;
}

/// Why there is no data key.
#[derive(Debug, thiserror::Error)]
pub enum DataKeyError {
    /// The key service cannot be reached, or will not serve us.
    #[error("the key service cannot be used: {0}")]
    Unavailable(String),
    /// The wrapped key is not of this owner, or is damaged.
    #[error("the wrapped data key does not open for its owner")]
    WrongOwner,
}
