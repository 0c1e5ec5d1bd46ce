//! The keys that sign ID tokens and security events, and how they are published and rotated.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::{KeyPair, PublicKeyComponents},
    signature::RSA_PKCS1_SHA256,
};
use serde_json::{Value, json};

const FIRST: &str = include_str!("../../keys/emulator-only-1.pem");
const SECOND: &str = include_str!("../../keys/emulator-only-2.pem");

/// A key file of the emulator is not an RSA key in PKCS #8.
#[derive(Debug, thiserror::Error)]
#[error("a signing key of the emulated Google cannot be read")]
pub struct InvalidKey;

/// Two keys that take turns. Each turn has a key id of its own, so there is no end to rotating.
pub(super) struct Keys {
    pairs: [KeyPair; 2],
    turn: AtomicUsize,
}

impl Keys {
    pub(super) fn new() -> Result<Self, InvalidKey> {
        Ok(Self { pairs: [read(FIRST)?, read(SECOND)?], turn: AtomicUsize::new(1) })
    }

    pub(super) fn turn(&self) -> usize {
        self.turn.load(Ordering::Relaxed)
    }

    pub(super) fn set_turn(&self, turn: usize) {
        self.turn.store(turn.max(1), Ordering::Relaxed);
    }

    pub(super) fn rotate(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    /// The id of the key that signs now.
    pub(super) fn kid(&self) -> String {
        kid(self.turn())
    }

    /// The public keys of this turn and the one before, as a JWK set (RFC 7517 §5).
    pub(super) fn jwks(&self) -> Value {
        let turn = self.turn();
        json!({ "keys": [self.jwk(turn), self.jwk(turn - 1)] })
    }

    fn jwk(&self, turn: usize) -> Value {
        let public = PublicKeyComponents::<Vec<u8>>::from(self.pair(turn).public());
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": kid(turn),
            "n": URL_SAFE_NO_PAD.encode(public.n),
            "e": URL_SAFE_NO_PAD.encode(public.e),
        })
    }

    /// A JWT signed with RS256 by the present key, whatever key id the header says; empty if signing fails.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let pair = self.pair(self.turn());
        let mut signature = vec![0; pair.public().modulus_len()];
        match pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature) {
            Ok(()) => format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)),
            Err(_) => String::new(),
        }
    }

    fn pair(&self, turn: usize) -> &KeyPair {
        let [first, second] = &self.pairs;
        if turn.is_multiple_of(2) { second } else { first }
    }
}

/// Header and claims of a JWT, with nothing after them.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn kid(turn: usize) -> String {
    let digest = digest(&SHA256, format!("emulated google, turn {turn}").as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

/// The key in a file with the text of a PEM.
pub(super) fn read(pem: &str) -> Result<KeyPair, InvalidKey> {
    let inside = pem.split("-----").nth(2).ok_or(InvalidKey)?;
    let text: String = inside.split_whitespace().collect();
    let der = STANDARD.decode(text).map_err(|_| InvalidKey)?;
    KeyPair::from_pkcs8(&der).map_err(|_| InvalidKey)
}
