//! Finds a connection by its refresh token without storing anything of the token that could be read.
//!
//! Google names a revoked refresh token by its first 16 characters or by its double SHA-512
//! ([token-revoked](https://developers.google.com/identity/protocols/risc)). Each of the two is stored under its HMAC;
//! the HMAC's key is kept in the table, wrapped by KMS, and made when it is first needed.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    digest::{SHA512, digest},
    hmac,
};
use tokio::sync::OnceCell;

use super::VaultError;
use crate::domain::{
    connection::{ConnectionStore, StoreError, TokenIndex},
    data_key::{DataKey, DataKeyError, DataKeys},
    secret::RefreshToken,
    security_event::TokenIdentifier,
};

/// Where the wrapped key is kept.
const KEY_NAME: &str = "key#token-index";
/// Whom KMS wraps it for.
const KEY_OWNER: &str = "token-index";

/// Makes what is in the index.
pub(super) struct TokenIndexer {
    store: Arc<dyn ConnectionStore>,
    data_keys: Arc<dyn DataKeys>,
    key: OnceCell<hmac::Key>,
}

impl TokenIndexer {
    pub(super) fn new(store: Arc<dyn ConnectionStore>, data_keys: Arc<dyn DataKeys>) -> Self {
        Self { store, data_keys, key: OnceCell::new() }
    }

    /// Reads the key, or makes it.
    pub(super) async fn prepare(&self) -> Result<(), VaultError> {
        self.key().await.map(|_| ())
    }

    /// What a refresh token is found by. Makes the index's key where there is none.
    pub(super) async fn index(&self, token: &RefreshToken) -> Result<TokenIndex, VaultError> {
        Ok(index(self.key().await?, token))
    }

    /// What a refresh token that is stored already is found by; nothing if there is no index.
    pub(super) async fn index_of_stored(&self, token: &RefreshToken) -> Result<TokenIndex, VaultError> {
        Ok(self.known_key().await?.map(|key| index(key, token)).unwrap_or_default())
    }

    /// The hash in the index that stands for what Google names a refresh token by; none if there is no index.
    pub(super) async fn hash(&self, identifier: &TokenIdentifier) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(self.known_key().await?.map(|key| hash(key, identifier)))
    }

    async fn key(&self) -> Result<&hmac::Key, VaultError> {
        let key = self.key.get_or_try_init(|| async {
            let kept = self.store.kept(KEY_NAME).await?;
            let key = match &kept {
                None => self.make(None).await?,
                Some(wrapped) => self.unwrap_or_replace(wrapped).await?,
            };
            Ok(hmac::Key::new(hmac::HMAC_SHA256, key.reveal()))
        });
        key.await
    }

    /// The key, if it is there and unwraps: whoever only looks something up makes none.
    async fn known_key(&self) -> Result<Option<&hmac::Key>, VaultError> {
        let key = self.key.get_or_try_init(|| async {
            let wrapped = self.store.kept(KEY_NAME).await?.ok_or(NoKey::Absent)?;
            let key = self.data_keys.unwrap(KEY_OWNER, &wrapped).await?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, key.reveal()))
        });
        match key.await {
            Ok(key) => Ok(Some(key)),
            Err(NoKey::Absent) => Ok(None),
            Err(NoKey::Failed(error)) => Err(error),
        }
    }

    /// A key that no longer unwraps, after a change of the KMS key, is replaced: what was indexed with it is not found
    /// any more, but new connections can be made.
    async fn unwrap_or_replace(&self, wrapped: &[u8]) -> Result<DataKey, VaultError> {
        match self.data_keys.unwrap(KEY_OWNER, wrapped).await {
            Err(DataKeyError::WrongOwner) => {
                tracing::error!(name = KEY_NAME, "the key of the token index does not unwrap and is replaced");
                self.make(Some(wrapped)).await
            }
            unwrapped => Ok(unwrapped?),
        }
    }

    /// Makes the key, unless another instance is quicker.
    async fn make(&self, instead_of: Option<&[u8]>) -> Result<DataKey, VaultError> {
        let new = self.data_keys.generate(KEY_OWNER).await?;
        let kept = self.store.keep(KEY_NAME, &new.wrapped, instead_of).await?;
        if kept == new.wrapped { Ok(new.key) } else { Ok(self.data_keys.unwrap(KEY_OWNER, &kept).await?) }
    }
}

/// Why there is no key to look something up with.
enum NoKey {
    Absent,
    Failed(VaultError),
}

impl From<StoreError> for NoKey {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<DataKeyError> for NoKey {
    fn from(error: DataKeyError) -> Self {
        match error {
            DataKeyError::WrongOwner => Self::Absent,
            DataKeyError::Unavailable(_) => Self::Failed(error.into()),
        }
    }
}

fn index(key: &hmac::Key, token: &RefreshToken) -> TokenIndex {
    let prefix = token.reveal().chars().take(TokenIdentifier::PREFIX_CHARACTERS).collect();
    let twice_hashed = digest(&SHA512, digest(&SHA512, token.reveal().as_bytes()).as_ref());
    let identifiers = [TokenIdentifier::Prefix(prefix), TokenIdentifier::Hash(twice_hashed.as_ref().to_vec())];
    TokenIndex(identifiers.iter().map(|identifier| hash(key, identifier)).collect())
}

fn hash(key: &hmac::Key, identifier: &TokenIdentifier) -> Vec<u8> {
    let (algorithm, identifier) = match identifier {
        TokenIdentifier::Prefix(prefix) => ("prefix", prefix.clone()),
        TokenIdentifier::Hash(hash) => ("hash_base64_sha512_sha512", STANDARD.encode(hash)),
    };
    hmac::sign(key, format!("{algorithm}\0{identifier}").as_bytes()).as_ref().to_vec()
}
