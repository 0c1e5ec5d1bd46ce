//! Google's security event tokens: verified with the keys that its configuration leads to
//! ([Cross-Account Protection](https://developers.google.com/identity/protocols/risc#receive_security_events)).
//!
//! Anyone can send us anything. Configuration and keys are kept, a key that is not known makes the set be fetched again
//! once a minute at most, and what cannot be fetched is not asked for again for a while: however much garbage comes, no
//! request causes a call of its own.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jsonwebtoken::{DecodingKey, decode, decode_header, errors::ErrorKind};
use reqwest::Client;
use serde::Deserialize;
use url::Url;

use super::{
    http::object,
    keys::{KeySet, key_set, signature_only},
    published::{Keeping, NotPublished, Published, Source},
};
use crate::domain::{
    origin::is_secure,
    security_event::{Claims, Expected, Refused, SecurityEventToken},
    time::{Clock, Timestamp},
};

/// Fresh for a minute at least: also an answer that says otherwise is no reason to ask with each request.
const KEEPING: Keeping = Keeping {
    unsaid: Duration::from_hours(1),
    at_least: Duration::from_mins(1),
    after_failure: Duration::from_secs(10),
};
/// How often the keys are fetched for one that is not known.
const NEWS_EVERY: Duration = Duration::from_mins(1);
/// The most bytes of a key id; Google's have 40.
const MAX_KID: usize = 256;

/// Verifies security event tokens.
pub struct SecurityEventTokens {
    configuration_uri: Url,
    configuration: Published<Configuration>,
    keys: Published<KeySet>,
    clock: Arc<dyn Clock>,
    no_news_before: Pause,
}

/// What we read of the configuration.
struct Configuration {
    issuer: String,
    jwks_uri: Url,
}

#[derive(Deserialize)]
struct WireConfiguration {
    issuer: String,
    jwks_uri: String,
}

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefused {
    /// It does not say what it must.
    #[error(transparent)]
    Claims(#[from] Refused),
    /// It names no key of Google's.
    #[error("The token names no key that Google publishes.")]
    UnknownKey,
    /// It is not signed by the key that it names.
    #[error("The token is not signed by Google.")]
    Signature,
    /// Google's keys cannot be had, so nothing is known of it.
    #[error("Google's keys cannot be had: {0}")]
    NoKeys(&'static str),
}

impl From<NotPublished> for TokenRefused {
    fn from(NotPublished(why): NotPublished) -> Self {
        Self::NoKeys(why)
    }
}

impl SecurityEventTokens {
    /// By the configuration at an address; nothing is fetched yet.
    pub fn new(http: Client, configuration_uri: Url, clock: Arc<dyn Clock>) -> Self {
        let source = Source { call: "google.risc_configuration", parse: configuration, keeping: KEEPING };
        Self {
            configuration_uri,
            configuration: Published::new(http.clone(), clock.clone(), source),
            keys: key_set(http, clock.clone(), KEEPING),
            clock,
            no_news_before: Pause::default(),
        }
    }

    /// Verifies the signature; what the token says, and to whom, is still to be read.
    ///
    /// # Errors
    /// If it does not hold, or the keys cannot be had.
    pub async fn verify(&self, token: &str) -> Result<SignedToken, TokenRefused> {
        let header = decode_header(token).map_err(|_| NOT_A_TOKEN)?;
        let kid = header.kid.filter(|kid| kid.len() <= MAX_KID).ok_or(TokenRefused::UnknownKey)?;
        let configuration = self.configuration.at(&self.configuration_uri).await?;
        let key = self.key(&kid, &configuration.jwks_uri).await?;
        let claims = decode::<Claims>(token, &key, &signature_only()).map_err(|error| match error.kind() {
            ErrorKind::Json(_) | ErrorKind::Utf8(_) | ErrorKind::Base64(_) => NOT_A_TOKEN,
            _ => TokenRefused::Signature,
        })?;
        Ok(SignedToken { claims: claims.claims, configuration })
    }

    async fn key(&self, kid: &str, uri: &Url) -> Result<DecodingKey, TokenRefused> {
        let was_kept = self.keys.fresh(uri).is_some();
        let known = self.keys.at(uri).await?;
        if let Some(key) = known.get(kid) {
            return Ok(key.clone());
        }
        let now = self.clock.now();
        if !was_kept || !self.no_news_before.is_over(now) {
            return Err(TokenRefused::UnknownKey);
        }
        let newer = self.keys.newer(uri, &known).await?;
        self.no_news_before.begin(now.after(NEWS_EVERY));
        newer.get(kid).cloned().ok_or(TokenRefused::UnknownKey)
    }
}

/// A token that Google signed.
pub struct SignedToken {
    claims: Claims,
    configuration: Arc<Configuration>,
}

impl SignedToken {
    /// What it says, if it is a security event token for that OAuth client; `exp` is not looked at.
    ///
    /// # Errors
    /// The first claim that is not as it must be.
    pub fn read(&self, client_id: &str) -> Result<SecurityEventToken, TokenRefused> {
        Ok(self.claims.read(&Expected { issuer: &self.configuration.issuer, client_id })?)
    }
}

const NOT_A_TOKEN: TokenRefused = TokenRefused::Claims(Refused::Request("The body is not a security event token."));

/// The configuration, if its keys are to be had over https.
fn configuration(body: &[u8]) -> Option<Configuration> {
    let wire: WireConfiguration = object(body)?;
    let jwks_uri = Url::parse(&wire.jwks_uri).ok().filter(is_secure)?;
    Some(Configuration { issuer: wire.issuer, jwks_uri })
}

/// A time before which something is not done again.
#[derive(Default)]
struct Pause(Mutex<Option<Timestamp>>);

impl Pause {
    fn is_over(&self, now: Timestamp) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|until| until <= now)
    }

    fn begin(&self, until: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }
}
