//! What is expected of the connection of a user.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::domain::time::Timestamp;
use tests::world::{World, sub};

use super::actions::USERS;

/// How far apart the clocks of Google and ours may be where an event is set against a consent.
const SKEW: i64 = 5_000;

/// One user.
#[derive(Default)]
pub(super) struct User {
    /// Whether there is access: it was answered that there is, and nothing that ends it has begun since.
    pub(super) works: bool,
    /// How many things that end an access have begun or come to their end.
    pub(super) ends: usize,
    /// The refresh token of the last consent.
    refresh_token: Option<String>,
    row: Option<Row>,
    /// The highest generation that was seen.
    generation: u64,
    /// Refresh tokens, sealed, whose connection was seen revoked, replaced or deleted.
    over: BTreeSet<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Row {
    generation: u64,
    refresh_token: String,
    active: bool,
}

/// What a security event ends.
#[derive(Clone, Debug)]
pub(super) enum Ends {
    /// No access.
    Nothing,
    /// That of consents until then, in milliseconds.
    Until(i64),
    /// That by this refresh token.
    Token(String),
}

impl User {
    /// Something that ends the access begins, or has come to its end.
    pub(super) fn end(&mut self) {
        self.works = false;
        self.ends += 1;
    }

    /// It was answered that there is access.
    pub(super) fn consented(&mut self, refresh_token: Option<String>) {
        self.works = true;
        self.refresh_token = refresh_token;
    }

    /// Whether an event can be about the access that there is, by a refresh token that was minted then.
    pub(super) fn is_concerned(&self, ends: &Ends, minted_at: Option<Timestamp>) -> bool {
        match ends {
            Ends::Nothing => false,
            Ends::Until(end) => minted_at.is_none_or(|at| at.unix_millis() <= end + SKEW),
            Ends::Token(token) => self.refresh_token.as_ref().is_none_or(|stored| stored == token),
        }
    }

    /// Looks at what is stored, and compares it with what was seen before.
    pub(super) fn look(&mut self, world: &World, user: usize, touched: bool) {
        let item = world.connection(USERS[user]);
        let row = item.as_ref().map(Row::read);
        assert!(touched || row == self.row, "nothing happened to this user: {:?}, {row:?}", self.row);
        assert_eq!(index_entries(world, user), if row.is_some() { 2 } else { 0 }, "entries of the token index");
        if let Some(row) = &row {
            assert!(row.generation >= self.generation, "{} after {}", row.generation, self.generation);
            assert!(!(row.active && self.over.contains(&row.refresh_token)), "it has come back: {row:?}");
            assert!(row.active || is_ended(item.as_ref().unwrap()), "{item:?}");
            let same = self.row.as_ref().filter(|before| before.generation == row.generation);
            assert!(same.is_none_or(|before| before == row), "a change without a generation: {:?}, {row:?}", self.row);
            self.generation = row.generation;
        }
        if let Some(before) = self.row.take().filter(|before| row.as_ref().is_none_or(|row| !row.continues(before))) {
            self.over.insert(before.refresh_token);
        }
        self.over.extend(row.iter().filter(|row| !row.active).map(|row| row.refresh_token.clone()));
        self.row = row;
    }
}

impl Row {
    fn read(item: &Value) -> Self {
        Self {
            generation: item["generation"]["N"].as_str().unwrap().parse().unwrap(),
            refresh_token: item["refresh_token"]["B"].as_str().unwrap().to_owned(),
            active: item["status"]["S"] == "active",
        }
    }

    fn continues(&self, before: &Self) -> bool {
        self.refresh_token == before.refresh_token
    }
}

/// Whether a connection that is not active says why, and is nobody's access any more.
fn is_ended(item: &Value) -> bool {
    let gone = ["access_token", "access_token_expires_at", "lease_owner", "lease_expires_at"];
    item["status"]["S"] == "revoked"
        && item["status_reason"]["S"].is_string()
        && gone.iter().all(|it| item[*it].is_null())
}

/// How many entries of the token index lead to a user.
fn index_entries(world: &World, user: usize) -> usize {
    let of_user = |item: &Value| {
        let pk = item["pk"]["S"].as_str().unwrap();
        pk.starts_with("token#") && item["user_id"]["S"] == sub(USERS[user])
    };
    world.items().iter().filter(|item| of_user(item)).count()
}
