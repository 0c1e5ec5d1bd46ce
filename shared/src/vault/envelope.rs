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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::domain::random::SystemRandomness;

    const START: Timestamp = Timestamp::from_unix_seconds(1_795_318_652);
    const MILLI: Duration = Duration::from_millis(1);

    struct TestClock(Mutex<Timestamp>);

    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    /// Counts how often a key is unwrapped.
    #[derive(Default)]
    struct Unwrapped(AtomicUsize);

    #[async_trait]
    impl DataKeys for Unwrapped {
        async fn generate(&self, _: &str) -> Result<NewDataKey, DataKeyError> {
            Err(DataKeyError::WrongOwner)
        }

        async fn unwrap(&self, _: &str, _: &[u8]) -> Result<DataKey, DataKeyError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            DataKey::from_slice(&[7; 32]).ok_or(DataKeyError::WrongOwner)
        }
    }

    struct World {
        envelope: Envelope,
        clock: Arc<TestClock>,
        unwrapped: Arc<Unwrapped>,
    }

    impl World {
        fn new() -> Self {
            let (clock, unwrapped) = (Arc::new(TestClock(Mutex::new(START))), Arc::new(Unwrapped::default()));
            let random = Arc::new(SystemRandomness::default());
            Self { envelope: Envelope::new(unwrapped.clone(), clock.clone(), random), clock, unwrapped }
        }

        fn at(&self, time: Timestamp) {
            *self.clock.0.lock().unwrap() = time;
        }

        /// How many unwraps the key of a connection costs.
        async fn cost(&self, connection: &Connection) -> usize {
            let before = self.unwrapped.0.load(Ordering::Relaxed);
            self.envelope.key(connection).await.unwrap();
            self.unwrapped.0.load(Ordering::Relaxed) - before
        }

        async fn cost_of(&self, users: std::ops::Range<usize>) -> usize {
            let mut cost = 0;
            for user in users {
                cost += self.cost(&connection(user)).await;
            }
            cost
        }
    }

    fn connection(user: usize) -> Connection {
        Connection::sample(&user.to_string(), START)
    }

    #[tokio::test]
    async fn a_key_is_unwrapped_once_in_five_minutes_for_each_connection() {
        let world = World::new();
        assert_eq!((world.cost_of(0..2).await, world.cost_of(0..2).await), (2, 0));
        world.at(START.after(KEPT_FOR).before(MILLI));
        assert_eq!(world.cost_of(0..2).await, 0);
        world.at(START.after(KEPT_FOR));
        assert_eq!(world.cost_of(0..2).await, 2);
        world.envelope.forget(&connection(0).user_id);
        assert_eq!(world.cost_of(0..2).await, 1);
        let mut replaced = connection(0);
        replaced.tokens.data_key = vec![1];
        assert_eq!((world.cost(&replaced).await, world.cost(&replaced).await), (1, 0));
    }

    #[tokio::test]
    async fn a_key_that_is_over_goes_at_the_next_use_of_any_and_one_of_whom_is_forgotten_at_once() {
        let world = World::new();
        let kept = || world.envelope.kept.lock().unwrap().len();
        world.cost_of(0..1).await;
        world.at(START.after(MILLI));
        world.cost_of(1..2).await;
        assert_eq!(kept(), 2);
        world.at(START.after(KEPT_FOR));
        world.cost_of(1..2).await;
        assert_eq!(kept(), 1);
        world.envelope.forget(&connection(1).user_id);
        assert_eq!(kept(), 0);
    }

    #[tokio::test]
    async fn of_too_many_keys_those_go_that_are_over_and_all_if_none_is() {
        let world = World::new();
        assert_eq!(world.cost_of(0..128).await, 128);
        world.at(START.after(Duration::from_mins(3)));
        assert_eq!(world.cost_of(128..256).await, 128);
        assert_eq!(world.cost_of(0..256).await, 0, "256 are kept");
        world.at(START.after(KEPT_FOR));
        assert_eq!(world.cost_of(256..257).await, 1);
        assert_eq!(world.cost_of(128..257).await, 0, "the first half went");
        assert_eq!(world.cost_of(0..128).await, 128);
        assert_eq!(world.cost_of(255..256).await, 1, "then all had to");
    }

    #[tokio::test]
    async fn the_access_token_at_hand_is_the_one_last_seen_while_its_key_is_kept() {
        let world = World::new();
        let connection = connection(0);
        let key = world.envelope.key(&connection).await.unwrap();
        let at_hand = || Some(world.envelope.access_token_at_hand(&connection.user_id)?.0.reveal().to_owned());
        assert_eq!(at_hand(), None, "none was seen");
        let seen = async |token| {
            let sealed = world.envelope.seal_access_token(&key, &connection.user_id, &AccessToken::new(token)).unwrap();
            let mut connection = connection.clone();
            connection.tokens.access_token = Some(SealedAccessToken { sealed, expires_at: START });
            assert_eq!(world.cost(&connection).await, 0);
        };
        for token in ["ya29.a", "ya29.b"] {
            seen(token).await;
            assert_eq!(at_hand().as_deref(), Some(token));
        }
        world.at(START.after(KEPT_FOR).before(MILLI));
        assert!(at_hand().is_some());
        world.at(START.after(KEPT_FOR));
        assert_eq!(at_hand(), None);
    }
}
