//! The world of the load: many connected users, what Gmail says is in their mailboxes, and wires that can be cut.

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use local::google::Account;
use serde::Deserialize;
use serde_json::Value;
use shared::domain::time::{Clock, SystemClock};
use tests::{
    http_client::http_client,
    wire::{Cut, Wire},
    world::{Settings, TABLE, World},
};
use tokio::{sync::RwLock, time::sleep};

/// So much quota that it never ends.
const QUOTA: u64 = 1_000_000;
/// How many messages the mailboxes have, in turn: those about which something might go wrong, and some between.
const SIZES: [usize; 12] = [0, 1, 30, 99, 100, 101, 250, 499, 500, 501, 700, 1_200];

/// One message of a list.
#[derive(Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    id: String,
    thread_id: String,
}

/// A connected user.
pub(crate) struct User {
    pub(crate) sub: String,
    /// The session, as a cookie.
    pub(crate) session: String,
    /// All messages, as Gmail lists them.
    pub(crate) messages: Vec<Entry>,
}

/// Everything that the functions stand on.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) users: Vec<User>,
    /// Read by every request; written to by what has to be alone.
    pub(crate) traffic: RwLock<()>,
    popular: AtomicUsize,
    aws: Wire,
    google: Wire,
}

impl Stage {
    /// A world with so many connected users.
    pub(crate) async fn make(users: usize) -> Self {
        let accounts: Vec<_> = (0..users).map(account).collect();
        let settings = Settings { accounts: accounts.clone(), ..Settings::default() };
        let world = settings.variable("GMAIL_QUOTA_UNITS_PER_MINUTE", &QUOTA.to_string()).start().await;
        world.google.set_gmail_quota(QUOTA);
        let mut sessions = Vec::new();
        for account in &accounts {
            world.clock.set(SystemClock.now());
            sessions.push(world.connect(&account.email).await);
        }
        let tokens = access_tokens(&world);
        let mut users = Vec::new();
        for (account, session) in accounts.into_iter().zip(sessions) {
            let messages = messages(&world, &tokens[&account.sub]).await;
            assert_eq!(messages.len(), account.mailbox_size);
            users.push(User { sub: account.sub, session, messages });
        }
        let (aws, google) = (Wire::to(&world.aws.endpoint()).await, Wire::to(world.google.origin()).await);
        Self { world, users, traffic: RwLock::default(), popular: AtomicUsize::default(), aws, google }
    }

    /// The functions' variables, by the wires.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let (aws, google) = (self.world.aws.endpoint(), self.world.google.origin());
        let by_wire = |value: &str| value.replace(&*aws, self.aws.origin()).replace(google, self.google.origin());
        self.world.variables().iter().map(|(name, value)| (name.clone(), by_wire(value))).collect()
    }

    /// Lets the world's time pass as that of the functions does; never ends.
    pub(crate) async fn keep_time(&self) {
        loop {
            self.world.clock.set(SystemClock.now());
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The number of the user whom all instances are asked for at present.
    pub(crate) fn popular(&self) -> usize {
        self.popular.load(Ordering::Relaxed) % self.users.len()
    }

    /// The next user is asked for from now on.
    pub(crate) fn next_popular(&self) -> &User {
        self.popular.fetch_add(1, Ordering::Relaxed);
        &self.users[self.popular()]
    }

    /// Ends every connection to AWS and Google.
    pub(crate) async fn cut(&self, cut: Cut) {
        self.aws.cut(cut).await;
        self.google.cut(cut).await;
    }

    /// The stored connection loses its access token.
    pub(crate) fn lose_access_token(&self, user: &User) {
        let key = format!("connection#{}", user.sub);
        let mut item = self.world.aws.item(TABLE, &key).unwrap().unwrap();
        item["access_token_expires_at"]["S"] = "2020-01-01T00:00:00Z".into();
        self.world.aws.put_item(TABLE, &item).unwrap();
    }
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
