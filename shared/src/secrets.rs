//! The two secrets of the deployment: the OAuth client and the cookie key. Read at start, kept for five minutes, read
//! again beside a request and not in front of it.

mod error;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::join;
use tokio::sync::Mutex;

pub use self::error::{SecretStoreError, SecretsError};
use crate::{
    domain::{
        oauth_client::OAuthClient,
        secret::CookieKeySecret,
        time::{Clock, Timestamp},
    },
    http::cookie_keys::CookieKeys,
};

/// How long what was read is taken for current.
const KEPT_FOR: Duration = Duration::from_mins(5);
/// How long a reading is not repeated, while there is something to work with.
const PAUSE: Duration = Duration::from_secs(30);
/// The same where the previous cookie key could not be read.
const SHORT_PAUSE: Duration = Duration::from_secs(3);

/// Reads secrets by their ids.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The current values, in the order of the ids, in one call where that works.
    async fn current(&self, ids: &[&str]) -> Result<Vec<SecretText>, SecretStoreError>;

    /// The value before the current one, if there is one.
    async fn previous(&self, id: &str) -> Result<Option<SecretText>, SecretStoreError>;
}

/// The text of a secret.
pub type SecretText = zeroize::Zeroizing<String>;

/// What the secrets hold.
#[derive(Debug)]
pub struct Values {
    /// Our OAuth client.
    pub client: Arc<OAuthClient>,
    /// The keys of our cookies; without a cookie key none, and nothing opens.
    pub cookie_keys: Arc<CookieKeys>,
}

/// The secrets, kept.
pub struct Secrets {
    store: Arc<dyn SecretStore>,
    clock: Arc<dyn Clock>,
    client_secret_id: String,
    cookie_key_secret_id: Option<String>,
    kept: RwLock<Option<Kept>>,
    reading: Mutex<()>,
}

#[derive(Clone)]
struct Kept {
    values: Arc<Values>,
    read_again_at: Timestamp,
    /// Until when a cookie of ours that does not open is no reason to read again.
    is_all_until: Timestamp,
    /// Whether the cookie key before the current one is read along: from when a cookie first asks for it, and not before,
    /// for as a rule none does.
    with_previous: bool,
}

impl Secrets {
    /// Secrets of which none is read yet.
    pub fn new(
        store: Arc<dyn SecretStore>,
        clock: Arc<dyn Clock>,
        client_secret_id: String,
        cookie_key_secret_id: Option<String>,
    ) -> Self {
        Self {
            store,
            clock,
            client_secret_id,
            cookie_key_secret_id,
            kept: RwLock::default(),
            reading: Mutex::default(),
        }
    }

    /// The values: those kept, or read now if there are none. A failure is not kept: the next call tries again.
    ///
    /// # Errors
    /// If none are kept and reading them fails.
    pub async fn values(&self) -> Result<Arc<Values>, SecretsError> {
        if let Some(kept) = self.kept() {
            return Ok(kept.values);
        }
        let _reading = self.reading.lock().await;
        match self.kept() {
            Some(kept) => Ok(kept.values),
            None => self.read(false).await,
        }
    }

    /// Reads the values again if they are older than five minutes. If that fails or is broken off, the older ones stay
    /// for a while more.
    pub async fn refresh(&self) {
        let now = self.clock.now();
        let Some(kept) = self.kept().filter(|kept| kept.read_again_at <= now) else { return };
        let Ok(_reading) = self.reading.try_lock() else { return };
        let with_previous = kept.with_previous;
        self.keep(Kept { read_again_at: now.after(PAUSE), ..kept });
        if let Err(error) = self.read(with_previous).await {
            tracing::warn!(%error, "the secrets cannot be read again; the older values stay in use");
        }
    }

    /// The values after a cookie of ours did not open: read again, with the previous cookie key, for the key may have been
    /// rotated, unless that was done just now.
    ///
    /// # Errors
    /// If none are kept and reading them fails.
    pub async fn values_after_rotation(&self) -> Result<Arc<Values>, SecretsError> {
        let now = self.clock.now();
        let Some(kept) = self.kept() else { return self.values().await };
        if now < kept.is_all_until {
            return Ok(kept.values);
        }
        let _reading = self.reading.lock().await;
        // Whoever waited for another's reading takes what came of it.
        let kept = self.kept().unwrap_or(kept);
        if now < kept.is_all_until {
            return Ok(kept.values);
        }
        self.keep(Kept { is_all_until: now.after(SHORT_PAUSE), ..kept.clone() });
        match self.read(true).await {
            Ok(values) => Ok(values),
            Err(error) => {
                tracing::warn!(%error, "the secrets cannot be read again; the older values stay in use");
                Ok(kept.values)
            }
        }
    }

    /// Reads the OAuth client afresh, for Google refused the one in use; `None` if it is still the same.
    ///
    /// # Errors
    /// If reading fails.
    pub async fn changed_client(&self, refused: &OAuthClient) -> Result<Option<Arc<OAuthClient>>, SecretsError> {
        let _reading = self.reading.lock().await;
        if let Some(kept) = self.kept().filter(|kept| !kept.values.client.is_same_as(refused)) {
            return Ok(Some(kept.values.client.clone()));
        }
        let with_previous = self.kept().is_some_and(|kept| kept.with_previous);
        let values = self.read(with_previous).await?;
        Ok((!values.client.is_same_as(refused)).then(|| values.client.clone()))
    }

    async fn read(&self, with_previous: bool) -> Result<Arc<Values>, SecretsError> {
        let cookie_key_id = self.cookie_key_secret_id.as_deref();
        let previous_id = cookie_key_id.filter(|_| with_previous);
        let ids: Vec<_> = [self.client_secret_id.as_str()].into_iter().chain(cookie_key_id).collect();
        let (current, previous) = join!(self.store.current(&ids), self.previous_cookie_key(previous_id));
        let mut current = current.map_err(|error| SecretsError::unreadable(error, &self.client_secret_id))?.into_iter();
        let client = Arc::new(self.parse_client(&current.next().unwrap_or_default())?);
        let cookie_keys = match cookie_key_id {
            Some(id) => parse_cookie_keys(id, &current.next().unwrap_or_default(), previous.key.as_ref())?,
            None => CookieKeys::default(),
        };
        let values = Arc::new(Values { client, cookie_keys: Arc::new(cookie_keys) });
        let now = self.clock.now();
        let (read_again_at, is_all_until) = (now.after(KEPT_FOR), now.after(previous.pause));
        self.keep(Kept { values: values.clone(), read_again_at, is_all_until, with_previous });
        Ok(values)
    }

    fn parse_client(&self, file: &str) -> Result<OAuthClient, SecretsError> {
        let id = || self.client_secret_id.clone();
        OAuthClient::parse(file).map_err(|source| SecretsError::Client { id: id(), source })
    }

    async fn previous_cookie_key(&self, id: Option<&str>) -> Previous {
        // Without a cookie key there is nothing more to be had.
        let pause = if self.cookie_key_secret_id.is_none() { PAUSE } else { Duration::ZERO };
        let Some(id) = id else { return Previous { key: None, pause } };
        match self.store.previous(id).await {
            Ok(previous) => {
                let key = previous.map(|previous| CookieKeySecret::new(previous.as_str()));
                Previous { key, pause: PAUSE }
            }
            Err(error) => {
                tracing::warn!(%error, "the previous cookie key cannot be read; cookies that it sealed do not open yet");
                Previous { key: None, pause: SHORT_PAUSE }
            }
        }
    }

    fn kept(&self) -> Option<Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, kept: Kept) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

/// The previous cookie key, if it was asked for and there is one, and how long it is not worth asking again.
struct Previous {
    key: Option<CookieKeySecret>,
    pause: Duration,
}

fn parse_cookie_keys(
    id: &str,
    current: &SecretText,
    previous: Option<&CookieKeySecret>,
) -> Result<CookieKeys, SecretsError> {
    let current = CookieKeySecret::new(current.as_str());
    CookieKeys::derive(&current, previous).map_err(|source| SecretsError::CookieKey { id: id.to_owned(), source })
}
