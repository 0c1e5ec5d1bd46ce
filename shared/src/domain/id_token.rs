//! What an ID token must say before it is believed
//! ([validating an ID token](https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken)).
//! Its signature is verified before, with Google's keys.

use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::time::Timestamp;

/// How far our clock and Google's may differ.
const SKEW_SECONDS: i64 = 60;

/// The claims that we read.
#[derive(Deserialize)]
pub struct Claims {
    iss: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: i64,
    iat: i64,
    #[serde(default)]
    nonce: Option<String>,
    /// Who consented; Google always says so.
    #[serde(default)]
    pub sub: Option<String>,
    /// The account's present e-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What the claims are held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Our client.
    pub client_id: &'a str,
    /// The nonce of our authorization request.
    pub nonce: &'a str,
    /// The present.
    pub now: Timestamp,
}

impl Claims {
    /// Holds the claims against what we expect.
    ///
    /// # Errors
    /// The first claim that is not as it must be.
    pub fn check(&self, expected: &Expected<'_>) -> Result<(), InvalidClaim> {
        let now = expected.now.unix_seconds();
        let nonce = self.nonce.as_deref().unwrap_or_default();
        let rows = [
            (matches!(self.iss.as_str(), "https://accounts.google.com" | "accounts.google.com"), InvalidClaim("iss")),
            (self.audience_is(expected.client_id), InvalidClaim("aud")),
            (self.azp.as_deref().is_none_or(|azp| azp == expected.client_id), InvalidClaim("azp")),
            (now < self.exp.saturating_add(SKEW_SECONDS), InvalidClaim("exp")),
            (now >= self.iat.saturating_sub(SKEW_SECONDS), InvalidClaim("iat")),
            (nonce.as_bytes().ct_eq(expected.nonce.as_bytes()).into(), InvalidClaim("nonce")),
        ];
        rows.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, claim)| Err(claim))
    }

    /// One audience that is us; or several of which we are one, if `azp` says that the token was made for us.
    fn audience_is(&self, client_id: &str) -> bool {
        match &self.aud {
            Audience::One(aud) => aud == client_id,
            Audience::Many(auds) => auds.iter().any(|aud| aud == client_id) && (auds.len() == 1 || self.azp.is_some()),
        }
    }
}

/// The name of a claim that is not as it must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the ID token's {0} is not as it must be")]
pub struct InvalidClaim(pub &'static str);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_795_318_652;

    fn check(changes: &Value) -> Result<(), InvalidClaim> {
        let mut claims = json!({"iss": "https://accounts.google.com", "aud": "us", "azp": "us", "sub": "1",
            "exp": NOW + 3600, "iat": NOW, "nonce": "n"});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims: Claims = serde_json::from_value(claims).unwrap();
        claims.check(&Expected { client_id: "us", nonce: "n", now: Timestamp::from_unix_seconds(NOW) })
    }

    #[test]
    fn every_claim_is_held_against_what_we_expect() {
        let rows = [
            (json!({}), None),
            (json!({"iss": "accounts.google.com"}), None),
            (json!({"iss": "https://accounts.google.com/"}), Some("iss")),
            (json!({"iss": "https://accounts.google.com.evil.example"}), Some("iss")),
            (json!({"aud": ["us"]}), None),
            (json!({"aud": ["other", "us"]}), None),
            (json!({"aud": ["other", "us"], "azp": null}), Some("aud")),
            (json!({"aud": "other"}), Some("aud")),
            (json!({"aud": []}), Some("aud")),
            (json!({"azp": null}), None),
            (json!({"azp": "other"}), Some("azp")),
            (json!({"exp": NOW - 59}), None),
            (json!({"exp": NOW - 60}), Some("exp")),
            (json!({"iat": NOW + 60}), None),
            (json!({"iat": NOW + 61}), Some("iat")),
            (json!({"nonce": "other"}), Some("nonce")),
            (json!({"nonce": null}), Some("nonce")),
        ];
        for (changes, error) in rows {
            assert_eq!(check(&changes).err(), error.map(InvalidClaim), "{changes}");
        }
    }
}
