//! Security event tokens, as Google makes them and as others might.

use super::*;

/// Both families of event types.
pub(super) const FAMILIES: [&str; 2] = ["risc", "oauth"];

/// The same with a reason.
pub(super) fn about_because(email: &str, reason: impl Into<Value>) -> Value {
    let mut payload = about(email);
    payload["reason"] = reason.into();
    payload
}

/// The same claims with another value of one of them; `Null` leaves it out.
pub(super) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// The events of a token that says one thing.
pub(super) fn one(family: &str, name: &str, payload: &Value) -> Value {
    json!({ uri(family, name): payload })
}

/// The claims of a token that ends Anna's access.
pub(super) fn ending(world: &World) -> Value {
    claims(world, &one("oauth", "tokens-revoked", &about(ANNA)))
}

/// A token that ends Anna's access.
pub(super) fn end(world: &World) -> String {
    world.google.security_event(&ending(world))
}

/// Header, payload and signature of a JWT.
pub(super) fn parts(token: &str) -> [String; 3] {
    token.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
}

/// The JSON of a part of a JWT.
pub(super) fn json_of(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The token with another header, which its signature does not cover.
pub(super) fn with_header(token: &str, header: &Value) -> String {
    let [_, payload, signature] = parts(token);
    format!("{}.{payload}.{signature}", part(header))
}
