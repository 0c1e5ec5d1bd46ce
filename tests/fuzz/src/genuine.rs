//! What is genuine: the cookies and tokens of one attempt and one session, which are the same each time.

#![expect(clippy::unwrap_used, reason = "what is fixed is in order")]

use std::{sync::LazyLock, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use serde_json::{Value, json};
use shared::{
    domain::{pending_authorization::PendingAuthorization, secret::CookieKeySecret, session::Session, user_id::UserId},
    http::{Request, cookie_jar::CookieJar, cookie_keys::CookieKeys},
};

use crate::at_hand::{NOW, Repeating};

/// The OAuth client.
pub(crate) const CLIENT_ID: &str = "100-mail.apps.googleusercontent.com";
/// What the cookies' keys are derived from.
pub(crate) const COOKIE_KEY: &str = "a cookie key that is long enough to be one";
/// Whose account it is.
pub(crate) const USER_ID: &str = "104512067890123456781";
/// The nonce of the ID token.
pub(crate) const NONCE: &str = "bm9uY2Ugb2YgdGhlIG1lYXN1cmVkIGF0dGVtcHQuLi4";
/// Google's keys.
pub(crate) const KEYS: &str = include_str!("../../hot-paths/src/keys.json");

const SIGNING_KEY: &str = include_str!("../../../infra/local/keys/emulator-only-1.pem");

/// An ID token of Google's.
pub(crate) fn id_token() -> &'static str {
    include_str!("../../hot-paths/src/id-token.jwt").trim()
}

/// A security event token of Google's.
pub(crate) static SECURITY_EVENT: LazyLock<String> = LazyLock::new(|| {
    let subject = json!({"subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": USER_ID});
    let uri = "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked";
    signed(&json!({"iss": "https://accounts.google.com/", "aud": CLIENT_ID, "iat": NOW.unix_seconds(), "jti": "jti-1",
        "events": {uri: {"subject": subject}}}))
});

/// The cookies.
pub(crate) static COOKIES: LazyLock<Cookies> = LazyLock::new(Cookies::new);

/// What a browser holds that began an attempt and has a session.
pub(crate) struct Cookies {
    /// The keys that seal them.
    pub(crate) keys: CookieKeys,
    /// The session's, as `name=value`.
    pub(crate) session: String,
    /// The attempt's, as `name=value`.
    pub(crate) pending: String,
    /// The attempt's state.
    pub(crate) state: String,
}

impl Cookies {
    fn new() -> Self {
        let keys = CookieKeys::derive(&CookieKeySecret::new(COOKIE_KEY), None).unwrap();
        let jar = CookieJar { keys: &keys, random: &Repeating, plain_http: false };
        let session = Session { user_id: UserId::parse(USER_ID).unwrap(), issued_at: NOW };
        let session = jar.set_session(&session, Duration::from_hours(8)).unwrap();
        let attempt = attempt();
        let pending = jar.add_pending(&Request::default(), &attempt, NOW).unwrap().remove(0);
        let pair = |cookie: &str| cookie.split(';').next().unwrap_or_default().to_owned();
        Self { session: pair(&session), pending: pair(&pending), state: attempt.state, keys }
    }

    /// The jar of the deployment.
    pub(crate) fn jar(&self) -> CookieJar<'_> {
        CookieJar { keys: &self.keys, random: &Repeating, plain_http: false }
    }
}

/// The attempt whose cookie is genuine.
pub(crate) fn attempt() -> PendingAuthorization {
    let mut attempt = PendingAuthorization::new(&Repeating, NOW).unwrap();
    NONCE.clone_into(&mut attempt.nonce);
    attempt
}

fn signed(claims: &Value) -> String {
    let inside: String = SIGNING_KEY.split("-----").nth(2).unwrap().split_whitespace().collect();
    let key = KeyPair::from_pkcs8(&STANDARD.decode(inside).unwrap()).unwrap();
    let header = json!({"alg": "RS256", "kid": "emulator-only-1", "typ": "secevent+jwt"});
    let [header, claims] = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), format!("{header}.{claims}").as_bytes(), &mut signature).unwrap();
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
}
