//! Envelope encryption: each connection has a data key, which KMS wraps for its owner; each token is sealed under it
//! with its attribute and its owner as additional data. A row copied to another user, or a token moved to another
//! attribute, does not open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::VaultError;
use crate::{
    domain::{
        connection::Connection,
        data_key::{DataKey, DataKeyError, DataKeys, NewDataKey},
        random::Random,
        secret::{AccessToken, RefreshToken},
        time::{Clock, Timestamp},
        user_id::UserId,
    },
    sealing::{CannotSeal, SealingKey},
};

const REFRESH_TOKEN: &str = "refresh_token";
const ACCESS_TOKEN: &str = "access_token";

/// How long an unwrapped data key is kept in memory, so that a busy user does not cost a call to KMS each time.
const KEPT_FOR: Duration = Duration::from_mins(5);
/// How many are kept.
const MAX_KEPT: usize = 256;

/// Seals and opens tokens.
pub(super) struct Envelope {
    data_keys: Arc<dyn DataKeys>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    kept: Mutex<HashMap<(UserId, Vec<u8>), Kept>>,
}

struct Kept {
    key: DataKey,
    until: Timestamp,
}

impl Envelope {
    pub(super) fn new(data_keys: Arc<dyn DataKeys>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { data_keys, clock, random, kept: Mutex::default() }
    }

    /// A new data key for a user.
    pub(super) async fn new_key(&self, user_id: &UserId) -> Result<NewDataKey, VaultError> {
        Ok(self.data_keys.generate(user_id.as_str()).await?)
    }

    /// The data key of a connection.
    pub(super) async fn key(&self, connection: &Connection) -> Result<DataKey, VaultError> {
        let id = (connection.user_id.clone(), connection.tokens.data_key.clone());
        let now = self.clock.now();
        if let Some(key) = self.kept(&id, now) {
            return Ok(key);
        }
        let key = self.data_keys.unwrap(connection.user_id.as_str(), &connection.tokens.data_key).await?;
        self.keep(id, Kept { key: key.clone(), until: now.after(KEPT_FOR) }, now);
        Ok(key)
    }

    pub(super) fn seal_refresh_token(
        &self,
        key: &DataKey,
        user_id: &UserId,
        token: &RefreshToken,
    ) -> Result<Vec<u8>, VaultError> {
        self.seal(key, REFRESH_TOKEN, user_id, token.reveal())
    }

    pub(super) fn seal_access_token(
        &self,
        key: &DataKey,
        user_id: &UserId,
        token: &AccessToken,
    ) -> Result<Vec<u8>, VaultError> {
        self.seal(key, ACCESS_TOKEN, user_id, token.reveal())
    }

    fn seal(&self, key: &DataKey, attribute: &str, user_id: &UserId, token: &str) -> Result<Vec<u8>, VaultError> {
        Ok(SealingKey::new(key.reveal())?.seal(&*self.random, &context(attribute, user_id), token.as_bytes())?)
    }

    fn kept(&self, id: &(UserId, Vec<u8>), now: Timestamp) -> Option<DataKey> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(id).filter(|kept| now < kept.until).map(|kept| kept.key.clone())
    }

    fn keep(&self, id: (UserId, Vec<u8>), key: Kept, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, kept| now < kept.until);
        }
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(id, key);
    }
}

/// The refresh token of a connection.
pub(super) fn open_refresh_token(key: &DataKey, connection: &Connection) -> Result<RefreshToken, VaultError> {
    open(key, REFRESH_TOKEN, &connection.user_id, &connection.tokens.refresh_token).map(RefreshToken::new)
}

/// A sealed access token of a connection.
pub(super) fn open_access_token(
    key: &DataKey,
    connection: &Connection,
    sealed: &[u8],
) -> Result<AccessToken, VaultError> {
    open(key, ACCESS_TOKEN, &connection.user_id, sealed).map(AccessToken::new)
}

fn open(key: &DataKey, attribute: &str, user_id: &UserId, sealed: &[u8]) -> Result<String, VaultError> {
    let opened = SealingKey::new(key.reveal())?.open(&context(attribute, user_id), sealed);
    let opened = opened.ok_or(VaultError::DoesNotOpen)?;
    std::str::from_utf8(&opened).map(str::to_owned).map_err(|_| VaultError::DoesNotOpen)
}

/// The additional data of a sealed token. A `user_id` holds no NUL, so no two pairs come out the same.
fn context(attribute: &str, user_id: &UserId) -> String {
    format!("{attribute}\0{user_id}")
}

impl From<DataKeyError> for VaultError {
    fn from(error: DataKeyError) -> Self {
        match error {
            DataKeyError::Unavailable(detail) => Self::Unavailable { detail, transient: true },
            DataKeyError::WrongOwner => Self::DoesNotOpen,
        }
    }
}

impl From<CannotSeal> for VaultError {
    fn from(error: CannotSeal) -> Self {
        Self::Unavailable { detail: error.to_string(), transient: false }
    }
}
