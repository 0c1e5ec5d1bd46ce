//! ID tokens: text that nobody signed, and claims as if they were signed.

#![expect(clippy::unwrap_used, reason = "what is fixed is in order")]

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::Value;
use shared::{
    domain::{
        id_token::{Claims, Expected},
        secret::IdToken,
    },
    google::{http::client, keys::GoogleKeys},
};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::{
    at_hand::{NOW, Standing},
    fake_google::{self, Answer},
    genuine::{CLIENT_ID, KEYS, NONCE, id_token},
};

const EXPECTED: Expected<'static> = Expected { client_id: CLIENT_ID, nonce: NONCE, now: NOW };

static GOOGLE: LazyLock<Mutex<(Runtime, GoogleKeys)>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let origin = runtime.block_on(fake_google::serve(|_, _| Answer::json(KEYS)));
    let keys = GoogleKeys::new(client().unwrap(), Url::parse(&origin).unwrap(), Arc::new(Standing));
    Mutex::new((runtime, keys))
});

/// Nothing verifies but what Google signed, to the letter; claims hold only if they are about our client and our attempt.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if text.starts_with('{') {
        return claims(&text);
    }
    let google = GOOGLE.lock().unwrap_or_else(PoisonError::into_inner);
    let verified = google.0.block_on(google.1.verify(&IdToken::new(text.as_ref()), &EXPECTED));
    assert_eq!(verified.is_ok(), text == id_token());
}

fn claims(text: &str) {
    let Ok(claims) = serde_json::from_str::<Claims>(text) else { return };
    if claims.check(&EXPECTED).is_err() {
        return;
    }
    // What is in a claim that nobody reads may be less than JSON.
    let Ok(said) = serde_json::from_str::<Value>(text) else { return };
    let is =
        |name: &str, expected: &[&str]| said.get(name).and_then(Value::as_str).is_some_and(|it| expected.contains(&it));
    assert!(is("nonce", &[NONCE]) && is("iss", &["accounts.google.com", "https://accounts.google.com"]), "{text}");
    assert!(said.get("aud").is_some_and(|aud| aud.to_string().contains(CLIENT_ID)), "{text}");
    assert!(said.get("azp").is_none_or(|azp| azp.is_null() || azp == CLIENT_ID), "{text}");
}
