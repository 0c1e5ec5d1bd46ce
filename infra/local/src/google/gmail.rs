//! The Gmail API: `messages.list`, `messages.get` and the batch endpoint.
//!
//! <https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages>

mod answer;
mod batch;
mod call;
mod fields;
mod headers;
mod list;
mod mailbox;
mod message;
mod page_token;
mod parameters;
mod query;
mod quota;
mod resource;
mod sample;
mod traffic;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use shared::domain::time::Timestamp;

pub(super) use self::{batch::batch, headers::bearer, mailbox::MailboxState};
use self::{call::Call, mailbox::Mailbox, quota::Quota, traffic::Traffic};
use super::{Account, Effect, EmulatedGoogle, front::Struck, lock};
use crate::delay::delay;

/// What each mailbox holds, by account.
pub(super) type Mailboxes = HashMap<String, MailboxState>;

/// The mailboxes, and who uses them how much.
pub(super) struct Gmail {
    mailboxes: Mutex<Mailboxes>,
    pub(super) quota: Quota,
    traffic: Traffic,
}

impl Gmail {
    pub(super) fn new(accounts: &[Account], now: Timestamp) -> Self {
        let filled = |account: &Account| (account.sub.clone(), MailboxState::new(account.mailbox_size, now));
        let mailboxes = accounts.iter().map(filled).collect();
        Self { mailboxes: Mutex::new(mailboxes), quota: Quota::default(), traffic: Traffic::default() }
    }

    pub(super) fn set_concurrency(&self, calls: usize) {
        self.traffic.set_most(calls);
    }

    pub(super) fn take_peak(&self) -> usize {
        self.traffic.take_peak()
    }

    fn lock(&self) -> MutexGuard<'_, Mailboxes> {
        lock(&self.mailboxes)
    }

    pub(super) fn mailboxes(&self) -> Mailboxes {
        self.lock().clone()
    }

    pub(super) fn restore(&self, mailboxes: Mailboxes) {
        self.lock().extend(mailboxes);
    }

    pub(super) fn change(&self, sub: &str, change: impl FnOnce(&mut MailboxState)) {
        if let Some(mailbox) = self.lock().get_mut(sub) {
            change(mailbox);
        }
    }

    pub(super) fn delete(&self, sub: &str, id: &str) {
        if let Some(serial) = mailbox::serial(sub, id) {
            self.change(sub, |mailbox| mailbox.delete(serial));
        }
    }
}

impl EmulatedGoogle {
    fn mailbox<'a>(&self, account: &'a Account) -> Mailbox<'a> {
        let state = self.0.gmail.lock().get(&account.sub).cloned().unwrap_or_default();
        Mailbox { account, state }
    }

    /// The account whose access token this is.
    fn bearer_sub(&self, bearer: Option<&str>) -> Option<String> {
        self.grants().access_token(bearer?, self.0.clock.now()).map(|token| token.sub.clone())
    }
}

/// `GET /gmail/v1/…`: one call on its own.
pub(super) async fn single(
    State(google): State<EmulatedGoogle>,
    Extension(Struck(effect)): Extension<Struck>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let bearer = bearer(&headers);
    let permits = google.0.gmail.traffic.enter(google.bearer_sub(bearer), 1);
    if let Some(Effect::Delay(duration)) = effect {
        delay(duration).await;
    }
    let call = Call { method: &Method::GET, path: uri.path(), query: query.as_deref().unwrap_or_default(), bearer };
    let answer = match permits.granted() {
        0 => google.too_many_at_once(),
        _ => google.call(&call),
    };
    answer.into_response(&headers)
}
