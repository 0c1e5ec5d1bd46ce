//! `list-messages` over a mailbox whose page is at hand as the bytes that Gmail sends.

use std::{collections::HashMap, fmt::Write, sync::Arc, time::Duration};

use async_trait::async_trait;
use list_messages::ListMessages;
use serde_json::value::RawValue;
use shared::{
    config::{GoogleEndpoints, Variables},
    domain::{
        mailbox::{GmailError, Mailbox, MessageFormat, MessagePage, PageRequest},
        secret::AccessToken,
    },
    google::{
        authorization_server::GoogleAuthorizationServer,
        http::{client, object},
    },
};

use crate::{parts::front, sealed::vault};

/// How many entries the page has, whatever is asked for.
const ENTRIES: u64 = 500;

/// The function.
pub(crate) fn list_messages() -> ListMessages {
    let endpoints = GoogleEndpoints::read(&Variables::new(&|_| None)).unwrap();
    let server = GoogleAuthorizationServer::new(client().unwrap(), &endpoints);
    ListMessages::new(front(), vault(), Arc::new(server), Arc::new(OnePage(page())))
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
