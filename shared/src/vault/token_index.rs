//! Finds a connection by its refresh token without storing anything of the token that could be read.
//!
//! Google names a revoked refresh token by its first 16 characters or by its double SHA-512
//! ([token-revoked](https://developers.google.com/identity/protocols/risc)). Each of the two is stored under its HMAC;
//! the HMAC's key is kept in the table, wrapped by KMS, and made when it is first needed.

use std::sync::Arc;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    digest::{SHA512, digest},
    hmac,
};
use tokio::sync::OnceCell;

use super::VaultError;
use crate::domain::{
    connection::{ConnectionStore, TokenIndex},
    data_key::{DataKey, DataKeyError, DataKeys},
    secret::RefreshToken,
    security_event::TokenIdentifier,
};

/// Where the wrapped key is kept.
const KEY_NAME: &str = "key#token-index";
/// Whom KMS wraps it for.
const KEY_OWNER: &str = "token-index";

/// Makes the keys of the index.
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

    /// The keys under which a refresh token is found.
    pub(super) async fn index(&self, token: &RefreshToken) -> Result<TokenIndex, VaultError> {
        let key = self.key().await?;
        let prefix: String = token.reveal().chars().take(TokenIdentifier::PREFIX_CHARACTERS).collect();
        let twice_hashed = digest(&SHA512, digest(&SHA512, token.reveal().as_bytes()).as_ref());
        let identifiers = [TokenIdentifier::Prefix(prefix), TokenIdentifier::Hash(twice_hashed.as_ref().to_vec())];
        Ok(TokenIndex(identifiers.iter().map(|identifier| entry(key, identifier)).collect()))
    }

    /// The key of the index that stands for what Google names a refresh token by.
    pub(super) async fn entry(&self, identifier: &TokenIdentifier) -> Result<String, VaultError> {
        Ok(entry(self.key().await?, identifier))
    }

    async fn key(&self) -> Result<&hmac::Key, VaultError> {
        self.key
            .get_or_try_init(|| async {
                let kept = self.store.kept(KEY_NAME).await?;
                let key = match &kept {
                    None => self.make(None).await?,
                    Some(wrapped) => self.unwrap_or_replace(wrapped).await?,
                };
                Ok(hmac::Key::new(hmac::HMAC_SHA256, key.reveal()))
            })
            .await
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

fn entry(key: &hmac::Key, identifier: &TokenIdentifier) -> String {
    let (algorithm, identifier) = match identifier {
        TokenIdentifier::Prefix(prefix) => ("prefix", prefix.clone()),
        TokenIdentifier::Hash(hash) => ("hash_base64_sha512_sha512", STANDARD.encode(hash)),
    };
    let tag = hmac::sign(key, format!("{algorithm}\0{identifier}").as_bytes());
    format!("token#{}", URL_SAFE_NO_PAD.encode(tag))
}
