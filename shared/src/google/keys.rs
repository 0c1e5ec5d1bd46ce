//! Google's keys, and the ID tokens that are verified with them
//! ([validating an ID token](https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken)).

use std::{collections::HashMap, sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::Jwk};
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{
    http::object,
    jwt,
    published::{Keeping, NotPublished, Published, Source},
};
use crate::domain::{
    id_token::{Claims, Expected, InvalidClaim},
    secret::IdToken,
    time::Clock,
};

/// A key set whose answer does not say how long it stays fresh does so for as long as it takes to exchange a code: what is
/// fetched beside the exchange serves the ID token that the exchange brings.
const KEEPING: Keeping =
    Keeping { unsaid: Duration::from_secs(30), at_least: Duration::ZERO, after_failure: Duration::ZERO };

/// Public keys by their ids.
pub(super) type KeySet = HashMap<String, DecodingKey>;

/// Google's key set, kept as long as its `Cache-Control` says.
pub struct GoogleKeys {
    keys: Published<KeySet>,
    uri: Url,
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

impl From<NotPublished> for IdTokenError {
    fn from(NotPublished(why): NotPublished) -> Self {
        Self::NoKeys(why)
    }
}

impl GoogleKeys {
    /// The key set at an address; nothing is fetched yet.
    pub fn new(http: Client, uri: Url, clock: Arc<dyn Clock>) -> Self {
        Self { keys: key_set(http, clock, KEEPING), uri }
    }

    /// Fetches the keys unless fresh ones are kept: to be run beside what brings the ID token.
    ///
    /// # Errors
    /// If they cannot be had.
    pub async fn prefetch(&self) -> Result<(), IdTokenError> {
        Ok(self.keys.at(&self.uri).await.map(|_| ())?)
    }

    /// Verifies the signature, then the claims. A key that is not known makes the set be fetched again once, for
    /// Google changes its keys.
    ///
    /// # Errors
    /// If either does not hold, or the keys cannot be had.
    pub async fn verify(&self, id_token: &IdToken, expected: &Expected<'_>) -> Result<Claims, IdTokenError> {
        let header = decode_header(id_token.reveal()).map_err(|_| IdTokenError::Signature("unreadable header"))?;
        let kid = header.kid.ok_or(IdTokenError::Signature("no kid"))?;
        let known = self.keys.at(&self.uri).await?;
        let keys = if known.contains_key(&kid) { known } else { self.keys.newer(&self.uri, &known).await? };
        let key = keys.get(&kid).ok_or(IdTokenError::Signature("unknown kid"))?;
        let claims = decode::<Claims>(id_token.reveal(), key, &signature_only())
            .map_err(|_| IdTokenError::Signature("bad signature or claims"))?
            .claims;
        claims.check(expected)?;
        Ok(claims)
    }
}

/// A key set that Google publishes, kept in that way; nothing is fetched yet.
pub(super) fn key_set(http: Client, clock: Arc<dyn Clock>, keeping: Keeping) -> Published<KeySet> {
    jwt::install();
    Published::new(http, clock, Source { call: "google.jwks", parse, keeping })
}

/// The keys that can be read; others are passed over ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
fn parse(body: &[u8]) -> Option<KeySet> {
    let set: WireKeySet = object(body)?;
    let jwks = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    let keys = jwks.filter_map(|jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(&jwk).ok()?)));
    Some(keys.collect())
}

#[derive(Deserialize)]
struct WireKeySet {
    keys: Vec<Value>,
}

/// RS256 and nothing else. The claims are not looked at here: whoever reads them holds them against our own clock.
pub(super) fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}
