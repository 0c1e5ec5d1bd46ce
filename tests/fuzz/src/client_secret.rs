//! `client_secret.json`, as an operator may have put it into the secret.

#![expect(clippy::unwrap_used, reason = "a file that we wrote is readable, or something does not hold")]

use serde_json::json;
use shared::domain::{oauth_client::OAuthClient, origin::is_secure};

/// A client that is read can be used, does not show its secret, and is the same once written and read again.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let Ok(client) = OAuthClient::parse(&text) else { return };
    let secret = client.client_secret.reveal();
    assert!(!client.client_id.is_empty() && !secret.is_empty() && !client.redirect_uris.is_empty());
    assert!(is_secure(&client.auth_uri) && is_secure(&client.token_uri));
    let shown = json!([client.client_id, client.redirect_uris, client.auth_uri.as_str(), client.token_uri.as_str()]);
    assert!(secret.len() < 16 || shown.to_string().contains(secret) || !format!("{client:?}").contains(secret));
    let written = json!({"web": {"client_id": client.client_id, "client_secret": secret,
        "redirect_uris": client.redirect_uris, "auth_uri": client.auth_uri.as_str(), "token_uri": client.token_uri.as_str()}});
    let again = OAuthClient::parse(&written.to_string()).unwrap();
    assert!(again.is_same_as(&client));
    assert_eq!(
        (&again.redirect_uris, &again.auth_uri, &again.token_uri),
        (&client.redirect_uris, &client.auth_uri, &client.token_uri)
    );
}
