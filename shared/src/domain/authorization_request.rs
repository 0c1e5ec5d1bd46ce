//! The authorization request: what we send the browser to Google with
//! ([RFC 6749 §4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1)).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use url::Url;

use super::{oauth_client::OAuthClient, pending_authorization::PendingAuthorization, scope::Scopes};

/// Google's `prompt` parameter: which pages it must show.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Prompt {
    /// Ask for consent, although it was given.
    pub consent: bool,
    /// Show the account chooser.
    pub select_account: bool,
}

impl Prompt {
    /// Accepts `consent`, `select_account`, or both separated by a space.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "consent" => Some(Self { consent: true, select_account: false }),
            "select_account" => Some(Self { consent: false, select_account: true }),
            "consent select_account" | "select_account consent" => Some(Self { consent: true, select_account: true }),
            _ => None,
        }
    }

    fn to_wire(self) -> Option<&'static str> {
        match (self.consent, self.select_account) {
            (false, false) => None,
            (true, false) => Some("consent"),
            (false, true) => Some("select_account"),
            (true, true) => Some("consent select_account"),
        }
    }
}

/// One authorization request of ours.
#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// Who asks.
    pub client: &'a OAuthClient,
    /// Where Google sends the browser back to.
    pub redirect_uri: &'a str,
    /// What we ask for.
    pub scopes: &'a Scopes,
    /// The attempt that it opens.
    pub pending: &'a PendingAuthorization,
    /// The e-mail address or `sub` of the account to use.
    pub login_hint: Option<&'a str>,
    /// Which pages Google must show.
    pub prompt: Prompt,
}

impl AuthorizationRequest<'_> {
    /// The address to send the browser to, with the parameters of
    /// [Google's web server flow](https://developers.google.com/identity/protocols/oauth2/web-server#creatingclient).
    pub fn url(&self) -> Url {
        let mut url = self.client.auth_uri.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.client_id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("scope", &self.scopes.to_wire())
            .append_pair("access_type", "offline")
            .append_pair("state", &self.pending.state)
            .append_pair("nonce", &self.pending.nonce)
            .append_pair("code_challenge", &code_challenge(&self.pending.code_verifier))
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(self.login_hint.map(|hint| ("login_hint", hint)))
            .extend_pairs(self.prompt.to_wire().map(|prompt| ("prompt", prompt)));
        url
    }
}

/// `S256` of a code verifier ([RFC 7636 §4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
fn code_challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_challenge_is_that_of_rfc_7636_appendix_b() {
        let challenge = code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_prompt_is_consent_select_account_or_both() {
        for (text, wire) in [
            ("consent", Some("consent")),
            ("select_account", Some("select_account")),
            ("select_account consent", Some("consent select_account")),
            ("consent select_account", Some("consent select_account")),
            ("none", None),
            ("", None),
            ("consent consent", None),
            ("consent  select_account", None),
            ("Consent", None),
        ] {
            assert_eq!(Prompt::parse(text).and_then(Prompt::to_wire), wire, "{text:?}");
        }
    }
}
