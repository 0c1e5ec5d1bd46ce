//! The page of applications that have access, as Google's «third-party apps and services».

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use url::form_urlencoded;

use super::{
    Account, DisabledReason, EmulatedGoogle, SecurityEvent,
    pages::{App, Connections, ConnectionsPage, page, texts},
};

/// `GET /connections`.
pub(super) async fn show(State(google): State<EmulatedGoogle>, headers: HeaderMap) -> Response {
    let accounts = google.0.accounts.iter().map(|account| google.connections(account)).collect();
    page(200, &ConnectionsPage { texts: texts(&headers), accounts })
}

/// `POST /connections`: an account (`sub`) removes the access of an application (`client_id`), or something else happens
/// to it (`event`). Applications are told.
pub(super) async fn change(State(google): State<EmulatedGoogle>, body: Bytes) -> Response {
    let find = |wanted: &str| form_urlencoded::parse(&body).find(|(name, _)| name == wanted).map(|(_, value)| value);
    if let Some(sub) = find("sub") {
        match (find("client_id"), find("event").as_deref()) {
            (Some(client_id), _) => google.remove_access(&sub, &client_id),
            (None, Some(event)) => google.happen(event, sub.into_owned()),
            (None, None) => {}
        }
    }
    Redirect::to("/connections").into_response()
}

impl EmulatedGoogle {
    fn remove_access(&self, sub: &str, client_id: &str) {
        self.grants().end(sub, client_id);
        self.announce_to(&SecurityEvent::TokensRevoked { sub: sub.to_owned() }, Some(client_id));
    }

    fn happen(&self, event: &str, sub: String) {
        match event {
            "sessions-revoked" => self.announce(&SecurityEvent::SessionsRevoked { sub }),
            "account-disabled" => {
                self.grants().end_all(&sub);
                self.announce(&SecurityEvent::AccountDisabled { sub, reason: Some(DisabledReason::Hijacking) });
            }
            "account-enabled" => self.announce(&SecurityEvent::AccountEnabled { sub }),
            _ => {}
        }
    }

    fn connections<'a>(&self, account: &'a Account) -> Connections<'a> {
        let grants = self.grants().of(&account.sub).into_iter();
        let apps = grants.map(|grant| App { client_id: grant.client_id, scopes: grant.scopes.into_iter().collect() });
        Connections { account, apps: apps.collect() }
    }
}
