//! The authorization request, checked as Google checks it: what is wrong with it is shown, never redirected.
//!
//! <https://developers.google.com/identity/protocols/oauth2/web-server#creatingclient>

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::{
    OAuthClient,
    scopes::{self, Scopes},
};

/// An authorization request that a user can be asked about.
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: Scopes,
    pub(super) offline: bool,
    pub(super) include_granted_scopes: bool,
    pub(super) prompt: Prompt,
    pub(super) login_hint: Option<String>,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<CodeChallenge>,
}

/// What the user is to be shown in any case.
#[derive(Default)]
pub(super) struct Prompt {
    pub(super) none: bool,
    pub(super) consent: bool,
    pub(super) select_account: bool,
}

/// A PKCE code challenge (RFC 7636 §4.3).
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct CodeChallenge {
    challenge: String,
    s256: bool,
}

/// What Google shows in place of a consent page.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error: &'static str,
    pub(super) detail: String,
}

impl CodeChallenge {
    /// Whether the verifier is the one that this challenge was made of (RFC 7636 §4.6).
    pub(super) fn accepts(&self, verifier: &str) -> bool {
        let transformed = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        self.challenge == if self.s256 { transformed.as_str() } else { verifier }
    }
}

impl AuthorizationRequest {
    pub(super) fn parse(query: &str, clients: &[OAuthClient]) -> Result<Self, Refusal> {
        let parameters = Parameters::parse(query)?;
        let client = client(&parameters, clients)?;
        let redirect_uri = redirect_uri(&parameters, client)?;
        response_type(&parameters)?;
        Ok(Self {
            client_id: client.client_id.clone(),
            redirect_uri,
            scopes: scopes(&parameters)?,
            offline: choice(&parameters, "access_type", ["online", "offline"])?,
            include_granted_scopes: choice(&parameters, "include_granted_scopes", ["false", "true"])?,
            prompt: prompt(&parameters)?,
            login_hint: parameters.find("login_hint"),
            state: parameters.find("state"),
            nonce: parameters.find("nonce"),
            challenge: challenge(&parameters)?,
        })
    }
}

struct Parameters(HashMap<String, String>);

impl Parameters {
    fn parse(query: &str) -> Result<Self, Refusal> {
        let mut known = HashMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if known.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(invalid(format!("OAuth 2 parameters can only have a single value: {name}")));
            }
        }
        Ok(Self(known))
    }

    /// A parameter that is there and not empty.
    fn find(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn required(&self, name: &str) -> Result<String, Refusal> {
        self.find(name).ok_or_else(|| invalid(format!("Missing required parameter: {name}")))
    }
}

fn client<'a>(parameters: &Parameters, clients: &'a [OAuthClient]) -> Result<&'a OAuthClient, Refusal> {
    let client_id = parameters.required("client_id")?;
    let client = clients.iter().find(|client| client.client_id == client_id);
    client.ok_or_else(|| refusal(401, "invalid_client", "The OAuth client was not found.".to_owned()))
}

fn redirect_uri(parameters: &Parameters, client: &OAuthClient) -> Result<String, Refusal> {
    let uri = parameters.required("redirect_uri")?;
    if client.redirect_uris.contains(&uri) {
        return Ok(uri);
    }
    Err(refusal(400, "redirect_uri_mismatch", format!("The redirect URI in the request, {uri}, is not registered.")))
}

fn response_type(parameters: &Parameters) -> Result<(), Refusal> {
    match parameters.required("response_type")?.as_str() {
        "code" => Ok(()),
        other => Err(refusal(400, "unsupported_response_type", format!("Invalid response_type: {other}"))),
    }
}

fn scopes(parameters: &Parameters) -> Result<Scopes, Refusal> {
    let scopes = scopes::parse(&parameters.required("scope")?);
    let unknown: Vec<&str> = scopes.iter().map(String::as_str).filter(|scope| !scopes::exists(scope)).collect();
    if unknown.is_empty() && !scopes.is_empty() {
        return Ok(scopes);
    }
    Err(refusal(400, "invalid_scope", format!("Some requested scopes were invalid. {{invalid={unknown:?}}}")))
}

/// Whether a parameter has the second of two values; the first is the default.
fn choice(parameters: &Parameters, name: &str, [default, other]: [&str; 2]) -> Result<bool, Refusal> {
    match parameters.find(name) {
        Some(value) if value == other => Ok(true),
        Some(value) if value != default => Err(invalid(format!("Invalid parameter value for {name}: {value}"))),
        _ => Ok(false),
    }
}

fn prompt(parameters: &Parameters) -> Result<Prompt, Refusal> {
    let text = parameters.find("prompt").unwrap_or_default();
    let mut prompt = Prompt::default();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => prompt.none = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => return Err(invalid(format!("Invalid parameter value for prompt: {text}"))),
        }
    }
    if prompt.none && (prompt.consent || prompt.select_account) {
        return Err(invalid(format!("Invalid parameter value for prompt: {text}")));
    }
    Ok(prompt)
}

fn challenge(parameters: &Parameters) -> Result<Option<CodeChallenge>, Refusal> {
    let method = parameters.find("code_challenge_method");
    let s256 = match method.as_deref() {
        Some("S256") => true,
        Some("plain") | None => false,
        Some(other) => return Err(invalid(format!("Invalid parameter value for code_challenge_method: {other}"))),
    };
    match parameters.find("code_challenge") {
        Some(challenge) if is_challenge(&challenge) => Ok(Some(CodeChallenge { challenge, s256 })),
        Some(_) => Err(invalid("Invalid parameter value for code_challenge".to_owned())),
        None if method.is_some() => Err(invalid("Missing required parameter: code_challenge".to_owned())),
        None => Ok(None),
    }
}

/// RFC 7636 §4.2: 43 to 128 unreserved characters.
fn is_challenge(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

fn invalid(detail: String) -> Refusal {
    refusal(400, "invalid_request", detail)
}

fn refusal(status: u16, error: &'static str, detail: String) -> Refusal {
    Refusal { status, error, detail }
}
