//! The authorization endpoint: account chooser, consent page, and the way back to the application.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use url::form_urlencoded;

use super::{
    Account, EmulatedGoogle, Granted,
    authorization_request::{AuthorizationRequest, Refusal},
    consent::Step,
    pages::{AccountsPage, ConsentPage, ErrorPage, page, texts},
    scopes::is_identity,
};

/// `GET /o/oauth2/v2/auth`.
pub(super) async fn start(
    State(google): State<EmulatedGoogle>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    match google.authorization_request(&query) {
        Ok(request) => google.show(&request, google.hinted(&request), &query, &headers),
        Err(refusal) => refused(refusal, &headers),
    }
}

/// `POST /o/oauth2/v2/auth`: a page's form, with the authorization request once more in the query.
pub(super) async fn answer(
    State(google): State<EmulatedGoogle>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let request = match google.authorization_request(&query) {
        Ok(request) => request,
        Err(refusal) => return refused(refusal, &headers),
    };
    let form = Answer::parse(&body);
    let account = google.account(&form.account);
    match (form.granted, account) {
        (Some(granted), Some(account)) => match google.decide(&request, account, &granted) {
            Ok(location) => redirect(&location),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        (_, account) => google.show(&request, account, &query, &headers),
    }
}

/// What a page's form says.
struct Answer {
    account: String,
    granted: Option<Granted>,
}

impl Answer {
    fn parse(body: &[u8]) -> Self {
        let (mut account, mut decision, mut scopes) = (String::new(), String::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "account" => account = value.into_owned(),
                "decision" => decision = value.into_owned(),
                "scope" => scopes.push(value.into_owned()),
                _ => {}
            }
        }
        let granted = match decision.as_str() {
            "continue" => Some(Granted::Only(scopes)),
            "cancel" => Some(Granted::Deny),
            _ => None,
        };
        Self { account, granted }
    }
}

impl EmulatedGoogle {
    fn show(
        &self,
        request: &AuthorizationRequest,
        account: Option<&Account>,
        query: &str,
        headers: &HeaderMap,
    ) -> Response {
        let (texts, client_id) = (texts(headers), request.client_id.as_str());
        match self.step(request, account) {
            Ok(Step::ChooseAccount) => page(200, &AccountsPage { texts, client_id, query, accounts: &self.0.accounts }),
            Ok(Step::Ask(account, scopes)) => {
                let scopes = scopes.into_iter().collect();
                let identity = request.scopes.iter().any(|scope| is_identity(scope));
                page(200, &ConsentPage { texts, client_id, query, account, scopes, identity })
            }
            Ok(Step::Redirect(location)) => redirect(&location),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

fn refused(refusal: Refusal, headers: &HeaderMap) -> Response {
    page(refusal.status, &ErrorPage { texts: texts(headers), refusal })
}

fn redirect(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location), (header::CACHE_CONTROL, "no-store")]).into_response()
}
