//! `list-messages` over a mailbox whose page is at hand as the bytes that Gmail sends.

use std::{collections::HashMap, fmt::Write, sync::Arc, time::Duration};

use async_trait::async_trait;
use list_messages::ListMessages;
use serde_json::value::RawValue;
use shared::{
    config::{GmailLimits, GoogleEndpoints, Variables},
    domain::{
        connection::StoreError,
        mailbox::{GmailError, Mailbox, MessageFormat, MessagePage, PageRequest},
        quota::{Spending, SpendingStore, Stored, WriteError},
        secret::AccessToken,
        time::Timestamp,
        user_id::UserId,
    },
    google::{
        authorization_server::GoogleAuthorizationServer,
        http::{client, object},
    },
};

use crate::{
    parts::front,
    sealed::{unused, vault},
};

/// How many entries the page has, whatever is asked for.
const ENTRIES: u64 = 500;

/// The function.
pub(crate) fn list_messages() -> ListMessages {
    let none = Variables::new(&|_| None);
    let (endpoints, limits) = (GoogleEndpoints::read(&none).unwrap(), GmailLimits::read(&none).unwrap());
    let server = Arc::new(GoogleAuthorizationServer::new(client().unwrap(), &endpoints));
    ListMessages::new(front(), vault(), server, Arc::new(OnePage(page())), Arc::new(NoSpending), limits)
}

/// A page as `messages.list` answers it with `prettyPrint=false`: identifiers of 16 hexadecimal digits.
fn page() -> String {
    let mut page = "{\"messages\":[".to_owned();
    for entry in 0..ENTRIES {
        let id = 0x1890_0000_0fef_a8b1 + entry * 0x10_0003;
        let thread_id = id - entry % 3;
        let separator = if entry == 0 { "" } else { "," };
        write!(page, "{separator}{{\"id\":\"{id:016x}\",\"threadId\":\"{thread_id:016x}\"}}").unwrap();
    }
    page + "],\"nextPageToken\":\"09876543210987654321\",\"resultSizeEstimate\":201}"
}

struct OnePage(String);

#[async_trait]
impl Mailbox for OnePage {
    async fn list(&self, _: &AccessToken, _: &PageRequest<'_>, _: Duration) -> Result<MessagePage, GmailError> {
        Ok(object(self.0.as_bytes()).unwrap())
    }

    async fn fetch(
        &self,
        _: &AccessToken,
        _: &[&str],
        _: &MessageFormat,
        _: Duration,
    ) -> Result<HashMap<String, Result<Box<RawValue>, GmailError>>, GmailError> {
        Ok(HashMap::new())
    }
}

/// Has nothing: a plain list neither reads nor writes it.
struct NoSpending;

#[async_trait]
impl SpendingStore for NoSpending {
    async fn find(&self, _: &UserId, _: Timestamp) -> Result<Stored, StoreError> {
        Ok(unused()?)
    }

    async fn replace(&self, _: &UserId, _: u64, _: &Spending, _: Timestamp) -> Result<u64, WriteError> {
        Ok(unused()?)
    }
}
