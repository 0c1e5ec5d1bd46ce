//! The project's one service account: its key file, and the JWTs that it signs for itself
//! ([authorization without OAuth](https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth)).

use std::time::Duration;

use axum::{Json, extract::State};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rsa::{KeyPair, PublicKeyComponents},
    signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::domain::time::Timestamp;

use super::{
    EmulatedGoogle, PROJECT,
    keys::{InvalidKey, read},
};

const PEM: &str = include_str!("../../keys/emulator-only-service-account.pem");
const KEY_ID: &str = "5e1f0c4a7b2d9e8361f4a0c5d7b3e29846a1f0d2";
const EMAIL: &str = "security-events@emulated-google.iam.gserviceaccount.com";

/// The longest that a JWT may live.
const LIFETIME: Duration = Duration::from_hours(1);

/// The service account with its key.
pub(super) struct ServiceAccount(KeyPair);

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
}

impl ServiceAccount {
    pub(super) fn new() -> Result<Self, InvalidKey> {
        read(PEM).map(Self)
    }

    /// Whether the service account has signed this JWT for that audience, and it is of use now.
    pub(super) fn has_signed(&self, jwt: &str, audience: &str, now: Timestamp) -> bool {
        self.claims(jwt).is_some_and(|claims| claims.hold(audience, now))
    }

    fn claims(&self, jwt: &str) -> Option<Claims> {
        let (signed, signature) = jwt.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        part::<Header>(header).filter(|header| header.alg == "RS256" && header.kid == KEY_ID)?;
        let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(self.0.public());
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = RsaPublicKeyComponents { n, e };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).ok()?;
        part(claims)
    }
}

impl Claims {
    fn hold(&self, audience: &str, now: Timestamp) -> bool {
        let now = now.unix_seconds();
        let lifetime = self.exp.checked_sub(self.iat).and_then(|seconds| u64::try_from(seconds).ok());
        self.iss == EMAIL
            && self.sub == EMAIL
            && self.aud == audience
            && (self.iat..self.exp).contains(&now)
            && lifetime.is_some_and(|seconds| seconds <= LIFETIME.as_secs())
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// `GET /service-account.json`: what Google's console gives out as a download.
pub(super) async fn file(State(google): State<EmulatedGoogle>) -> Json<Value> {
    Json(google.service_account_key())
}

impl EmulatedGoogle {
    /// The service account's key in the form of the JSON file that Google's console gives out. The key is published
    /// with the source code and opens nothing but emulators.
    pub fn service_account_key(&self) -> Value {
        let origin = self.origin();
        let (_, private_key) = PEM.split_once("\n\n").unwrap_or_default();
        json!({
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": KEY_ID,
            "private_key": private_key,
            "client_email": EMAIL,
            "client_id": "109876543210987654321",
            "auth_uri": format!("{origin}/o/oauth2/auth"),
            "token_uri": format!("{origin}/token"),
            "auth_provider_x509_cert_url": format!("{origin}/oauth2/v1/certs"),
            "client_x509_cert_url": format!("{origin}/robot/v1/metadata/x509/{}", EMAIL.replace('@', "%40")),
            "universe_domain": "googleapis.com",
        })
    }
}
