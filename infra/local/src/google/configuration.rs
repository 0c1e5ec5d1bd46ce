//! The discovery documents, with this emulator's addresses and Google's issuer.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
};
use serde_json::{Value, json};

use super::{EmulatedGoogle, ISSUER, certs::CACHE_CONTROL, risc::PUSH};

/// `GET /.well-known/openid-configuration`
/// ([OpenID Connect Discovery §4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).
pub(super) async fn openid(State(google): State<EmulatedGoogle>) -> Json<Value> {
    let origin = &google.0.origin;
    Json(json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{origin}/o/oauth2/v2/auth"),
        "token_endpoint": format!("{origin}/token"),
        "userinfo_endpoint": format!("{origin}/v1/userinfo"),
        "revocation_endpoint": format!("{origin}/revoke"),
        "jwks_uri": format!("{origin}/oauth2/v3/certs"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "sub"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
    }))
}

/// `GET /.well-known/risc-configuration` (Cross-Account Protection); its issuer ends with a slash.
pub(super) async fn risc(State(google): State<EmulatedGoogle>) -> ([(HeaderName, &'static str); 1], Json<Value>) {
    let body = json!({
        "issuer": format!("{ISSUER}/"),
        "jwks_uri": format!("{}/oauth2/v3/certs", google.0.origin),
        "delivery_methods_supported": [PUSH],
    });
    ([(header::CACHE_CONTROL, CACHE_CONTROL)], Json(body))
}
