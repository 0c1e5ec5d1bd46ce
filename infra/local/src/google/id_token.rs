//! The ID token (OpenID Connect Core §2), and what can be wrong with one.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use shared::domain::time::Timestamp;

use super::{
    Account, ISSUER, IdTokenFault,
    keys::{Keys, unsigned},
    scopes::{EMAIL, PROFILE, Scopes},
};

const HOUR: Duration = Duration::from_hours(1);

/// Who signed in where.
pub(super) struct Identity<'a> {
    pub(super) account: &'a Account,
    pub(super) client_id: &'a str,
    pub(super) scopes: &'a Scopes,
    pub(super) nonce: Option<&'a str>,
    pub(super) access_token: &'a str,
    pub(super) now: Timestamp,
}

impl Identity<'_> {
    /// The signed ID token, with something wrong in it if asked.
    pub(super) fn id_token(&self, keys: &Keys, fault: Option<IdTokenFault>) -> Option<String> {
        let mut claims = self.claims();
        spoil(&mut claims, fault, self.now);
        let claims = Value::Object(claims);
        let header = json!({ "alg": "RS256", "kid": keys.kid(), "typ": "JWT" });
        match fault {
            Some(IdTokenFault::Missing) => None,
            Some(IdTokenFault::AlgNone) => Some(unsigned(&json!({ "alg": "none", "typ": "JWT" }), &claims) + "."),
            Some(IdTokenFault::UnknownKid) => {
                Some(keys.sign(&json!({ "alg": "RS256", "kid": "unknown", "typ": "JWT" }), &claims))
            }
            Some(IdTokenFault::BadSignature) => {
                let signed = keys.sign(&header, &json!({ "sub": "somebody else" }));
                let (_, signature) = signed.rsplit_once('.')?;
                Some(format!("{}.{signature}", unsigned(&header, &claims)))
            }
            _ => Some(keys.sign(&header, &claims)),
        }
    }

    fn claims(&self) -> Map<String, Value> {
        let issued_at = self.now.unix_seconds();
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), json!(ISSUER));
        claims.insert("azp".to_owned(), json!(self.client_id));
        claims.insert("aud".to_owned(), json!(self.client_id));
        claims.insert("at_hash".to_owned(), json!(at_hash(self.access_token)));
        claims.insert("iat".to_owned(), json!(issued_at));
        claims.insert("exp".to_owned(), json!(issued_at + 3600));
        if let Some(nonce) = self.nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        claims.extend(about(self.account, self.scopes));
        claims
    }
}

/// What the scopes allow to be known of an account.
pub(super) fn about(account: &Account, scopes: &Scopes) -> Map<String, Value> {
    let mut claims = Map::from_iter([("sub".to_owned(), json!(account.sub))]);
    if scopes.contains(EMAIL) {
        claims.insert("email".to_owned(), json!(account.email));
        claims.insert("email_verified".to_owned(), json!(true));
    }
    if scopes.contains(PROFILE) {
        let (given, family) = account.name.split_once(' ').unwrap_or((&account.name, ""));
        claims.insert("name".to_owned(), json!(account.name));
        claims.insert("given_name".to_owned(), json!(given));
        claims.insert("family_name".to_owned(), json!(family));
    }
    claims
}

/// OpenID Connect Core §3.1.3.6: the left half of the access token's hash.
fn at_hash(access_token: &str) -> String {
    let digest = digest(&SHA256, access_token.as_bytes());
    let (left, _) = digest.as_ref().split_at(digest.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}

fn spoil(claims: &mut Map<String, Value>, fault: Option<IdTokenFault>, now: Timestamp) {
    let later = now.after(HOUR).unix_seconds();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    match fault {
        Some(IdTokenFault::WrongIssuer) => set("iss", json!("https://accounts.example.com")),
        Some(IdTokenFault::WrongAudience) => set("aud", json!("another-client.apps.googleusercontent.com")),
        Some(IdTokenFault::WrongAzp) => set("azp", json!("another-client.apps.googleusercontent.com")),
        Some(IdTokenFault::WrongNonce) => set("nonce", json!("another nonce")),
        Some(IdTokenFault::Expired) => {
            set("iat", json!(now.before(2 * HOUR).unix_seconds()));
            set("exp", json!(now.before(HOUR).unix_seconds()))
        }
        Some(IdTokenFault::IssuedInFuture) => {
            set("exp", json!(later + 3600));
            set("iat", json!(later))
        }
        Some(IdTokenFault::NoSubject) => claims.remove("sub"),
        _ => None,
    };
}
