//! Google's keys, and the ID tokens that are verified with them
//! ([validating an ID token](https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken)).

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use reqwest::{Client, Response, header::CACHE_CONTROL};
use tokio::sync::Mutex;
use url::Url;

use super::{http::read_body, jwt};
use crate::{
    domain::{
        id_token::{Claims, Expected, InvalidClaim},
        secret::IdToken,
        time::{Clock, Timestamp},
    },
    telemetry::timed,
};

/// The most bytes of a key set; Google's has about two thousand.
const MAX_BODY: usize = 256 * 1024;
/// How long one request for the keys may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long a key set whose answer has no `Cache-Control` stays fresh: what is fetched beside the exchange of a code
/// serves the ID token that the exchange brings.
const UNSAID_FRESHNESS: Duration = Duration::from_secs(30);

/// Google's key set, kept as long as its `Cache-Control` says.
pub struct GoogleKeys {
    http: Client,
    uri: Url,
    clock: Arc<dyn Clock>,
    kept: RwLock<Option<Kept>>,
    fetching: Mutex<()>,
}

#[derive(Clone)]
struct Kept {
    keys: Arc<HashMap<String, DecodingKey>>,
    fresh_until: Timestamp,
}

/// Why an ID token is not believed.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    /// It is not one, or not signed by Google.
    #[error("the ID token is not signed by Google: {0}")]
    Signature(&'static str),
    /// It does not say what it must.
    #[error(transparent)]
    Claim(#[from] InvalidClaim),
    /// Google's keys cannot be had.
    #[error("Google's keys cannot be had: {0}")]
    NoKeys(&'static str),
}

impl GoogleKeys {
    /// The key set at an address; nothing is fetched yet.
    pub fn new(http: Client, uri: Url, clock: Arc<dyn Clock>) -> Self {
        jwt::install();
        Self { http, uri, clock, kept: RwLock::default(), fetching: Mutex::default() }
    }

    /// Fetches the keys unless fresh ones are kept: to be run beside what brings the ID token.
    ///
    /// # Errors
    /// If they cannot be had.
    pub async fn prefetch(&self) -> Result<(), IdTokenError> {
        self.fresh().await.map(|_| ())
    }

    /// Verifies the signature, then the claims. A key that is not known makes the set be fetched again once, for
    /// Google changes its keys.
    ///
    /// # Errors
    /// If either does not hold, or the keys cannot be had.
    pub async fn verify(&self, id_token: &IdToken, expected: &Expected<'_>) -> Result<Claims, IdTokenError> {
        let header = decode_header(id_token.reveal()).map_err(|_| IdTokenError::Signature("unreadable header"))?;
        let kid = header.kid.ok_or(IdTokenError::Signature("no kid"))?;
        let kept = self.fresh().await?;
        let key = match kept.keys.get(&kid) {
            Some(key) => key.clone(),
            None => {
                self.fetch(Some(&kept)).await?.keys.get(&kid).cloned().ok_or(IdTokenError::Signature("unknown kid"))?
            }
        };
        let claims = decode::<Claims>(id_token.reveal(), &key, &signature_only())
            .map_err(|_| IdTokenError::Signature("bad signature or claims"))?
            .claims;
        claims.check(expected)?;
        Ok(claims)
    }

    async fn fresh(&self) -> Result<Kept, IdTokenError> {
        match self.kept().filter(|kept| self.clock.now() < kept.fresh_until) {
            Some(kept) => Ok(kept),
            None => self.fetch(None).await,
        }
    }

    /// Fetches the keys; whoever waited for another's fetch takes its result, unless that is what it knows already.
    async fn fetch(&self, known: Option<&Kept>) -> Result<Kept, IdTokenError> {
        let _fetching = self.fetching.lock().await;
        let now = self.clock.now();
        let news = |kept: &Kept| known.is_none_or(|known| !Arc::ptr_eq(&known.keys, &kept.keys));
        if let Some(kept) = self.kept().filter(|kept| now < kept.fresh_until && news(kept)) {
            return Ok(kept);
        }
        let kept = timed("google.jwks", self.request(now)).await?;
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept.clone());
        Ok(kept)
    }

    async fn request(&self, now: Timestamp) -> Result<Kept, IdTokenError> {
        let request = self.http.get(self.uri.clone()).timeout(TIMEOUT);
        let response = request.send().await.map_err(|_| IdTokenError::NoKeys("no answer"))?;
        if !response.status().is_success() {
            return Err(IdTokenError::NoKeys("an error as answer"));
        }
        let fresh_until = now.after(max_age(&response));
        let body = read_body(response, MAX_BODY).await.map_err(|_| IdTokenError::NoKeys("no whole answer"))?;
        let set: JwkSet = serde_json::from_slice(&body).map_err(|_| IdTokenError::NoKeys("not a key set"))?;
        let keys =
            set.keys.iter().filter_map(|jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?)));
        Ok(Kept { keys: Arc::new(keys.collect()), fresh_until })
    }

    fn kept(&self) -> Option<Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// RS256 and nothing else. The claims are not looked at here: [`Claims::check`] holds them against our own clock.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

/// How long an answer stays fresh ([RFC 9111 §5.2.2.1](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.1)).
fn max_age(response: &Response) -> Duration {
    let Some(directives) = response.headers().get(CACHE_CONTROL) else { return UNSAID_FRESHNESS };
    let mut directives = directives.to_str().unwrap_or_default().split(',').map(str::trim);
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age=")?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}
