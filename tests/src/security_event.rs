//! Security event tokens, as Google makes them and posts them to us.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use shared::domain::time::Clock;

use crate::{
    event::Event,
    http_client::http_client,
    world::{CLIENT_ID, World, sub},
};

/// The type that they are posted with.
pub const MEDIA_TYPE: &str = "application/secevent+jwt";

/// What Google tells of accounts, by family and name; that which ends the most comes last.
pub const OF_ACCOUNTS: [(&str, &str); 6] = [
    ("risc", "verification"),
    ("risc", "account-enabled"),
    ("risc", "account-credential-change-required"),
    ("risc", "sessions-revoked"),
    ("oauth", "tokens-revoked"),
    ("risc", "account-disabled"),
];

/// The URI of an event type of a family, `risc` or `oauth`.
pub fn uri(family: &str, name: &str) -> String {
    format!("https://schemas.openid.net/secevent/{family}/event-type/{name}")
}

/// What is said about an account, as Google says it.
pub fn about(email: &str) -> Value {
    json!({ "subject": { "subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": sub(email) } })
}

/// What is said about a refresh token, named by what it begins with.
pub fn about_token(token: &str) -> Value {
    let prefix: String = token.chars().take(16).collect();
    json!({ "subject": {
        "subject_type": "oauth_token", "token_type": "refresh_token", "token_identifier_alg": "prefix", "token": prefix,
    } })
}

/// A `jti` that no other token has.
pub fn fresh_jti() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("jti-{}", NEXT.fetch_add(1, Ordering::SeqCst))
}

/// The claims of a token with these events, issued now.
pub fn claims(world: &World, events: &Value) -> Value {
    json!({
        "iss": "https://accounts.google.com/",
        "aud": CLIENT_ID,
        "iat": world.clock.now().unix_seconds(),
        "jti": fresh_jti(),
        "events": events,
    })
}

/// A token that says one thing.
pub fn saying(world: &World, family: &str, name: &str, payload: &Value) -> String {
    world.google.security_event(&claims(world, &json!({ uri(family, name): payload })))
}

/// What Google posts.
pub fn post(token: &str) -> Event {
    Event::post("/security-events").body(MEDIA_TYPE, token)
}

/// JSON in base64url, as in a JWT.
pub fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Google's public keys.
///
/// # Errors
/// If Google does not give them.
pub async fn jwks(world: &World) -> reqwest::Result<Value> {
    let response = http_client()?.get(format!("{}/oauth2/v3/certs", world.google.origin())).send().await?;
    Ok(serde_json::from_slice(&response.bytes().await?).unwrap_or_default())
}
