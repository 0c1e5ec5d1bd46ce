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
        connection::{Connection, SealedAccessToken},
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
    kept: Mutex<HashMap<UserId, Kept>>,
}

struct Kept {
    wrapped: Vec<u8>,
    key: DataKey,
    until: Timestamp,
    /// As it was last seen.
    access_token: Option<SealedAccessToken>,
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
        let now = self.clock.now();
        if let Some(key) = self.kept_key(connection, now) {
            return Ok(key);
        }
        let key = self.data_keys.unwrap(connection.user_id.as_str(), &connection.tokens.data_key).await?;
        self.keep(connection, &key, now);
        Ok(key)
    }

    /// The access token that was last seen of a user, if it opens without a call to KMS, and when it ends.
    pub(super) fn access_token_at_hand(&self, user_id: &UserId) -> Option<(AccessToken, Timestamp)> {
        let now = self.clock.now();
        let (key, sealed) = {
            let all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = all.get(user_id).filter(|kept| now < kept.until)?;
            (kept.key.clone(), kept.access_token.clone()?)
        };
        Some((open_access_token(&key, user_id, &sealed.sealed).ok()?, sealed.expires_at))
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

    /// Forgets what was kept for a user.
    pub(super) fn forget(&self, user_id: &UserId) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(user_id);
    }

    fn kept_key(&self, connection: &Connection, now: Timestamp) -> Option<DataKey> {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Whatever is over is wiped, whosever it is.
        all.retain(|_, kept| now < kept.until);
        let kept = all.get_mut(&connection.user_id)?;
        if kept.wrapped != connection.tokens.data_key {
            return None;
        }
        if kept.access_token != connection.tokens.access_token {
            kept.access_token.clone_from(&connection.tokens.access_token);
        }
        Some(kept.key.clone())
    }

    fn keep(&self, connection: &Connection, key: &DataKey, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        let (wrapped, access_token) = (connection.tokens.data_key.clone(), connection.tokens.access_token.clone());
        let until = now.after(KEPT_FOR);
        kept.insert(connection.user_id.clone(), Kept { wrapped, key: key.clone(), until, access_token });
    }
}

/// The refresh token of a connection.
pub(super) fn open_refresh_token(key: &DataKey, connection: &Connection) -> Result<RefreshToken, VaultError> {
    open(key, REFRESH_TOKEN, &connection.user_id, &connection.tokens.refresh_token).map(RefreshToken::new)
}

/// A sealed access token of a user.
pub(super) fn open_access_token(key: &DataKey, user_id: &UserId, sealed: &[u8]) -> Result<AccessToken, VaultError> {
    open(key, ACCESS_TOKEN, user_id, sealed).map(AccessToken::new)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use async_trait::async_trait;

    use super::*;
    use crate::domain::{
        connection::{SealedTokens, Status, TokenIndex},
        random::SystemRandomness,
    };

    /// A clock that stands at what it is set to.
    struct Standing(Mutex<Timestamp>);

    impl Clock for Standing {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    struct OneKey;

    #[async_trait]
    impl DataKeys for OneKey {
        async fn generate(&self, _: &str) -> Result<NewDataKey, DataKeyError> {
            Err(DataKeyError::WrongOwner)
        }

        async fn unwrap(&self, _: &str, _: &[u8]) -> Result<DataKey, DataKeyError> {
            DataKey::from_slice(&[7; 32]).ok_or(DataKeyError::WrongOwner)
        }
    }

    const START: Timestamp = Timestamp::from_unix_seconds(1_795_345_200);

    fn connection(user_id: &str) -> Connection {
        Connection {
            user_id: UserId::parse(user_id).unwrap(),
            email: None,
            client_id: String::new(),
            scopes: BTreeSet::new(),
            status: Status::Active,
            tokens: SealedTokens { data_key: vec![1], refresh_token: vec![2], access_token: None },
            token_index: TokenIndex::default(),
            refresh_token_expires_at: None,
            connected_at: START,
            updated_at: START,
            used_at: START,
            mints: Vec::new(),
            generation: 1,
            sessions_valid_after: START,
            lease: None,
        }
    }

    #[tokio::test]
    async fn a_data_key_that_is_over_goes_at_the_next_use_of_any() {
        let clock = Arc::new(Standing(Mutex::new(START)));
        let envelope = Envelope::new(Arc::new(OneKey), clock.clone(), Arc::new(SystemRandomness::default()));
        let kept = || envelope.kept.lock().unwrap().len();
        envelope.key(&connection("1")).await.unwrap();
        *clock.0.lock().unwrap() = START.after(Duration::from_mins(1));
        envelope.key(&connection("2")).await.unwrap();
        assert_eq!(kept(), 2);
        *clock.0.lock().unwrap() = START.after(KEPT_FOR);
        envelope.key(&connection("2")).await.unwrap();
        assert_eq!(kept(), 1);
        envelope.forget(&UserId::parse("2").unwrap());
        assert_eq!(kept(), 0);
    }
}
