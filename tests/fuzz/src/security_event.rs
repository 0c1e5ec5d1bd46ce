//! Security event tokens: text that nobody signed, and claims as if they were signed.

#![expect(clippy::unwrap_used, reason = "what is fixed is in order")]

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::{Value, json};
use shared::{
    domain::security_event::{Claims, Expected, SecurityEvent, TokenIdentifier},
    google::{http::client, security_event_tokens::SecurityEventTokens},
};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::{
    at_hand::Standing,
    fake_google::{self, Answer},
    genuine::{CLIENT_ID, KEYS, SECURITY_EVENT, id_token},
};

const EXPECTED: Expected<'static> = Expected { issuer: "https://accounts.google.com/", client_id: CLIENT_ID };

static GOOGLE: LazyLock<Mutex<(Runtime, SecurityEventTokens)>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let keys = runtime.block_on(fake_google::serve(|_, _| Answer::json(KEYS)));
    let configuration = json!({"issuer": EXPECTED.issuer, "jwks_uri": keys}).to_string();
    let origin = runtime.block_on(fake_google::serve(move |_, _| Answer::json(configuration.clone())));
    let tokens = SecurityEventTokens::new(client().unwrap(), Url::parse(&origin).unwrap(), Arc::new(Standing));
    Mutex::new((runtime, tokens))
});

/// Nothing verifies but what Google signed, to the letter; what is read is for our client and within its bounds.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if text.starts_with('{') {
        return claims(&text);
    }
    let google = GOOGLE.lock().unwrap_or_else(PoisonError::into_inner);
    let verified = google.0.block_on(google.1.verify(&text));
    assert_eq!(verified.is_ok(), text == *SECURITY_EVENT || text == id_token());
    if let Ok(signed) = verified {
        assert_eq!(signed.read(CLIENT_ID).is_ok(), text == *SECURITY_EVENT);
        assert!(signed.read("another").is_err());
    }
}

fn claims(text: &str) {
    let Ok(claims) = serde_json::from_str::<Claims>(text) else { return };
    let Ok(token) = claims.read(&EXPECTED) else { return };
    // What is in a claim that nobody reads may be less than JSON.
    let Ok(said) = serde_json::from_str::<Value>(text) else { return };
    assert!(said.get("aud").is_some_and(|aud| aud.to_string().contains(CLIENT_ID)), "{text}");
    assert!((1..=512).contains(&token.jti.len()) && token.jti.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
    assert!((1..=16).contains(&token.events.len()), "{text}");
    for event in &token.events {
        match event {
            SecurityEvent::TokenRevoked(TokenIdentifier::Hash(hash)) => assert_eq!(hash.len(), 64, "{text}"),
            SecurityEvent::TokenRevoked(TokenIdentifier::Prefix(prefix)) => {
                assert_eq!(prefix.chars().count(), TokenIdentifier::PREFIX_CHARACTERS, "{text}");
            }
            SecurityEvent::SessionsRevoked(user_id) | SecurityEvent::TokensRevoked(user_id) => {
                assert!(text.contains(user_id.as_str()) || text.contains('\\'), "{text}");
            }
            _ => {}
        }
    }
    assert!(token.issued_at.is_none_or(|at| (0..100_000_000_000).contains(&at.unix_seconds())), "{text}");
}
