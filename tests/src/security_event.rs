//! Security event tokens, as Google makes them and posts them to us.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use shared::domain::time::Clock;

use crate::{
    event::Event,
    world::{CLIENT_ID, World, sub},
};

/// The type that they are posted with.
pub const MEDIA_TYPE: &str = "application/secevent+jwt";

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
