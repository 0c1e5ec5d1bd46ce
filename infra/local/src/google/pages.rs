//! The pages that people see, without script and readable on a phone.

use askama::Template;
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::{
    Account,
    authorization_request::Refusal,
    language::{Texts, preferred},
};

#[derive(Template)]
#[template(path = "google/accounts.html")]
pub(super) struct AccountsPage<'a> {
    pub(super) texts: &'static Texts,
    pub(super) client_id: &'a str,
    pub(super) query: &'a str,
    pub(super) accounts: &'a [Account],
}

#[derive(Template)]
#[template(path = "google/consent.html")]
pub(super) struct ConsentPage<'a> {
    pub(super) texts: &'static Texts,
    pub(super) client_id: &'a str,
    pub(super) query: &'a str,
    pub(super) account: &'a Account,
    pub(super) scopes: Vec<String>,
    /// Whether the application also learns who the user is.
    pub(super) identity: bool,
}

#[derive(Template)]
#[template(path = "google/error.html")]
pub(super) struct ErrorPage {
    pub(super) texts: &'static Texts,
    pub(super) refusal: Refusal,
}

#[derive(Template)]
#[template(path = "google/connections.html")]
pub(super) struct ConnectionsPage<'a> {
    pub(super) texts: &'static Texts,
    pub(super) accounts: Vec<Connections<'a>>,
}

/// An account with the applications that have access to it.
pub(super) struct Connections<'a> {
    pub(super) account: &'a Account,
    pub(super) apps: Vec<App>,
}

/// An application with access.
pub(super) struct App {
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
}

/// The texts in the browser's language.
pub(super) fn texts(headers: &HeaderMap) -> &'static Texts {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    preferred(header.unwrap_or_default())
}

/// A page as a response. `form-action` is left open: it would also stop the redirect back to the application.
pub(super) fn page(status: u16, page: &impl Template) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    match page.render() {
        Ok(html) => (status, headers, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
