//! The page of applications that have access, as Google's «third-party apps and services».

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use url::form_urlencoded;

use super::{
    Account, EmulatedGoogle,
    pages::{App, Connections, ConnectionsPage, page, texts},
};

/// `GET /connections`.
pub(super) async fn show(State(google): State<EmulatedGoogle>, headers: HeaderMap) -> Response {
    let accounts = google.0.accounts.iter().map(|account| google.connections(account)).collect();
    page(200, &ConnectionsPage { texts: texts(&headers), accounts })
}

/// `POST /connections`: an account (`sub`) removes the access of an application (`client_id`).
pub(super) async fn remove(State(google): State<EmulatedGoogle>, body: Bytes) -> Response {
    let find = |wanted: &str| form_urlencoded::parse(&body).find(|(name, _)| name == wanted).map(|(_, value)| value);
    if let (Some(sub), Some(client_id)) = (find("sub"), find("client_id")) {
        google.grants().end(&sub, &client_id);
    }
    Redirect::to("/connections").into_response()
}

impl EmulatedGoogle {
    fn connections<'a>(&self, account: &'a Account) -> Connections<'a> {
        let grants = self.grants().of(&account.sub).into_iter();
        let apps = grants.map(|grant| App { client_id: grant.client_id, scopes: grant.scopes.into_iter().collect() });
        Connections { account, apps: apps.collect() }
    }
}
