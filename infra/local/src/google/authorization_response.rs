//! The way back to the application: the redirect URI with a code or an error.

use url::Url;

use super::{
    ISSUER,
    authorization_request::AuthorizationRequest,
    scopes::{self, Scopes},
};

/// The authorization response (RFC 6749 §4.1.2) with what Google adds.
pub(super) fn response(request: &AuthorizationRequest, code: &str, scopes: &Scopes, consent_was_shown: bool) -> String {
    let scope = scopes::print_for_redirect(scopes);
    let prompt = if consent_was_shown { "consent" } else { "none" };
    let parameters = [("code", code), ("scope", &scope), ("authuser", "0"), ("prompt", prompt)];
    redirect(request, &parameters)
}

/// The error response (RFC 6749 §4.1.2.1).
pub(super) fn error(request: &AuthorizationRequest, error: &str) -> String {
    match error {
        "interaction_required" => redirect(request, &[("error", error), ("error_subtype", "access_denied")]),
        _ => redirect(request, &[("error", error)]),
    }
}

fn redirect(request: &AuthorizationRequest, parameters: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(&request.redirect_uri) else { return request.redirect_uri.clone() };
    let state = request.state.as_deref().map(|state| ("state", state));
    let issuer = ("iss", ISSUER);
    url.query_pairs_mut().extend_pairs(state).extend_pairs([issuer]).extend_pairs(parameters);
    url.into()
}
