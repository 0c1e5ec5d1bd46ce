//! The connected users, and what Gmail says is in their mailboxes.

use std::collections::HashMap;

use local::google::Account;
use serde::Deserialize;
use serde_json::Value;
use shared::domain::time::{Clock, SystemClock};
use tests::{answer::Answer, http_client::http_client, world::World};

/// How many messages the mailboxes have, in turn: those about which something might go wrong, and some between.
const SIZES: [usize; 12] = [0, 1, 30, 99, 100, 101, 250, 499, 500, 501, 700, 1_200];

/// One message of a list.
#[derive(Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    thread_id: String,
}

/// A connected user.
pub(crate) struct User {
    pub(crate) sub: String,
    /// The session, as a cookie.
    pub(crate) session: String,
    /// All messages, as Gmail lists them.
    messages: Vec<Entry>,
}

impl User {
    /// Connects accounts, and asks Gmail itself what they have.
    pub(crate) async fn connect_all(world: &World, accounts: Vec<Account>) -> Vec<Self> {
        let mut sessions = Vec::new();
        for account in &accounts {
            world.clock.set(SystemClock.now());
            sessions.push(world.connect(&account.email).await);
        }
        let tokens = access_tokens(world);
        let mut users = Vec::new();
        for (account, session) in accounts.into_iter().zip(sessions) {
            let messages = messages(world, &tokens[&account.sub]).await;
            assert_eq!(messages.len(), account.mailbox_size);
            users.push(Self { sub: account.sub, session, messages });
        }
        users
    }

    /// Asserts that an answer holds the right messages, in order; gives the token of the next ones.
    pub(crate) fn assert_page(&self, from: usize, most: usize, whole: bool, answer: &Answer) -> Option<String> {
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert_eq!((answer.header("content-type"), answer.cookies().count()), (Some("application/json"), 0));
        let mut body = answer.json().unwrap();
        let entries = body["messages"].take();
        let headers = |entry: &Value| entry["payload"]["headers"].as_array().is_some_and(|headers| headers.len() >= 2);
        assert!(!whole || entries.as_array().unwrap().iter().all(headers), "{answer:?}");
        let entries: Vec<Entry> = serde_json::from_value(entries).unwrap();
        let end = self.messages.len().min(from.saturating_add(most));
        let (asked, had) = (&self.messages[from..end], entries.len());
        assert!(
            entries == asked,
            "{}: {had} messages from {from} on are not the {} that are there",
            self.sub,
            asked.len()
        );
        assert_eq!((&body["errors"], answer.header("retry-after")), (&Value::Null, None), "{}", self.sub);
        let next = body["nextPageToken"].as_str().map(str::to_owned);
        assert_eq!(next.is_some(), end < self.messages.len(), "{}: from {from} on", self.sub);
        next
    }
}

/// So many accounts.
pub(crate) fn accounts(count: usize) -> Vec<Account> {
    (0..count).map(account).collect()
}

fn account(number: usize) -> Account {
    Account {
        sub: format!("2{number:020}"),
        email: format!("user.{number}@example.com"),
        name: format!("User {number}"),
        mailbox_size: SIZES[number % SIZES.len()],
    }
}

/// An access token of each account, by its subject.
fn access_tokens(world: &World) -> HashMap<String, String> {
    let snapshot = world.google.snapshot();
    let tokens = snapshot["grants"]["access_tokens"].as_object().unwrap();
    tokens.iter().map(|(token, of)| (of["sub"].as_str().unwrap().to_owned(), token.clone())).collect()
}

/// All messages of whoever has that token, as Gmail itself lists them.
async fn messages(world: &World, token: &str) -> Vec<Entry> {
    let (client, mut messages, mut from) = (http_client().unwrap(), Vec::new(), String::new());
    loop {
        let url = format!("{}/gmail/v1/users/me/messages?maxResults=500{from}", world.google.origin());
        let response = client.get(url).bearer_auth(token).send().await.unwrap().error_for_status().unwrap();
        let mut page: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        let listed: Option<Vec<Entry>> = serde_json::from_value(page["messages"].take()).unwrap();
        messages.extend(listed.into_iter().flatten());
        match page["nextPageToken"].as_str() {
            Some(next) => from = format!("&pageToken={next}"),
            None => return messages,
        }
    }
}
