//! Whether the functions are where the model is: the rows, every instance, and Google.

use std::{collections::HashMap, fmt::Debug, hash::Hash};

use serde_json::Value;
use shared::domain::time::{Clock, Timestamp};
use tests::{
    answer::Answer as Response,
    world::{CLIENT_ID, World, sub},
};

use super::{
    stage::{DECRYPT, EMAILS, GET, MESSAGES, TRANSACT, UPDATE},
    state::{Access, Account, Answer, At, Refresh, Row, State, Status, What},
};

/// Which of the stored values stand for what in the model; each for one thing, and one for each thing.
#[derive(Default)]
pub(super) struct Names {
    generations: Pairs<(Account, u64), u8>,
    refresh_tokens: Pairs<String, Refresh>,
    access_tokens: Pairs<String, Access>,
    owners: HashMap<String, usize>,
}

/// A relation in which each side has at most one partner.
struct Pairs<A, B> {
    by_first: HashMap<A, B>,
    by_second: HashMap<B, A>,
}

impl<A, B> Default for Pairs<A, B> {
    fn default() -> Self {
        Self { by_first: HashMap::new(), by_second: HashMap::new() }
    }
}

impl<A: Clone + Debug + Eq + Hash, B: Copy + Debug + Eq + Hash> Pairs<A, B> {
    /// The two belong together, and did if either was seen before.
    fn join(&mut self, first: &A, second: B) {
        let known = *self.by_first.entry(first.clone()).or_insert(second);
        let partner = self.by_second.entry(second).or_insert_with(|| first.clone());
        assert!(known == second && partner == first, "{first:?} is {known:?}, not {second:?}, which is {partner:?}");
    }
}

impl Names {
    /// The table is as the model says.
    pub(super) fn check_table(&mut self, world: &World, state: &State) {
        for (account, (email, row)) in EMAILS.into_iter().zip(state.rows).enumerate() {
            match (world.connection(email), row) {
                (None, None) => {}
                (Some(item), Some(row)) => self.check_row(world, account, &item, &row),
                (item, row) => panic!("account {account} has {item:?} where the model has {row:?}"),
            }
        }
    }

    fn check_row(&mut self, world: &World, account: Account, item: &Value, row: &Row) {
        assert_eq!(item["user_id"]["S"], sub(EMAILS[account]));
        assert_eq!(status(item), row.status, "{item}");
        let generation = item["generation"]["N"].as_str().unwrap().parse().unwrap();
        self.generations.join(&(account, generation), row.seen.generation + u8::try_from(account).unwrap() * 100);
        self.refresh_tokens.join(&text(item, "refresh_token", "B").unwrap(), row.seen.refresh);
        let access = text(item, "access_token", "B");
        assert_eq!(access.is_some(), row.seen.access.is_some(), "{row:?} is {item}");
        if let (Some(stored), Some(access)) = (access, row.seen.access) {
            self.access_tokens.join(&stored, access);
        }
        let owner = text(item, "lease_owner", "S");
        assert_eq!(owner.is_some(), row.lease.is_some(), "{row:?} is {item}");
        if let (Some(owner), Some(lease)) = (owner, row.lease) {
            assert_eq!(*self.owners.entry(owner).or_insert(lease.owner), lease.owner, "{row:?} is {item}");
            let end = text(item, "lease_expires_at", "S").and_then(|end| Timestamp::parse(&end)).unwrap();
            assert_eq!(end <= world.clock.now(), lease.is_over(), "{row:?} is {item}");
        }
    }
}

/// Google knows the tokens that the model says, and as many are alive.
pub(super) fn check_google(world: &World, state: &State) {
    let snapshot = world.google.snapshot();
    let tokens = snapshot["grants"]["refresh_tokens"].as_array().unwrap();
    for (account, email) in EMAILS.iter().enumerate() {
        let own = tokens.iter().filter(|token| token["sub"] == sub(email) && token["client_id"] == CLIENT_ID);
        let alive: Vec<_> = own.map(|token| token["dead"] == false).collect();
        let expected = minted(state, account).map(|number| state.google.is_alive(Refresh { account, number }));
        assert_eq!(alive, expected.collect::<Vec<_>>(), "the tokens of account {account} at Google");
    }
}

/// The refresh tokens of an account, by their numbers.
fn minted(state: &State, account: Account) -> impl Iterator<Item = u8> {
    let of_before = u8::try_from(account).unwrap();
    let mut later: Vec<_> = state
        .instances
        .iter()
        .filter_map(|instance| match instance.what {
            What::Consent { account: of, .. } if of == account => instance.minted,
            _ => None,
        })
        .collect();
    later.sort_unstable();
    std::iter::once(of_before).chain(later)
}

/// The call that an instance stands before.
pub(super) fn call_at(at: At) -> Option<&'static str> {
    match at {
        At::Read
        | At::Wait
        | At::LeaseLost
        | At::ShareLost(..)
        | At::GrantDead(_)
        | At::Find(_)
        | At::Look
        | At::LookAgain(_)
        | At::DeleteAgain(_)
        | At::Hear => Some(GET),
        At::Lease(..) | At::Share(..) | At::MarkDead(_) | At::GiveUp(_) | At::Mark { .. } | At::Obey(_) => Some(UPDATE),
        At::Open(_) | At::Ask(_) | At::Revoke(_) => Some(DECRYPT),
        At::Put(..) | At::Delete(_) => Some(TRANSACT),
        At::Exchange | At::Done(_) | At::Dead => None,
    }
}

/// The response is the model's answer.
pub(super) fn check_answer(response: &Response, answer: Answer) {
    let body = response.json().unwrap_or_default();
    let right = match answer {
        Answer::Listed(account) => {
            response.status() == 200 && body["messages"].as_array().unwrap().len() == MESSAGES[account]
        }
        Answer::Reauthorize => response.status() == 401 && body["code"] == "reauthorization_required",
        Answer::NotFound => response.status() == 404 && body["code"] == "connection_not_found",
        Answer::Unavailable => response.status() == 503,
        Answer::Connected | Answer::Disconnected => response.status() == 200,
        Answer::ConsentOver => response.status() == 303,
        Answer::Taken => response.status() == 202,
    };
    assert!(right, "{answer:?} is answered {} {}", response.status(), response.body());
}

fn status(item: &Value) -> Status {
    match (item["status"]["S"].as_str().unwrap(), item["status_reason"]["S"].as_str()) {
        ("active", None) => Status::Active,
        ("revoked", Some("disconnected")) => Status::Disconnected,
        ("revoked", Some(_)) => Status::Revoked,
        other => panic!("{other:?}"),
    }
}

fn text(item: &Value, attribute: &str, kind: &str) -> Option<String> {
    item.get(attribute)?[kind].as_str().map(str::to_owned)
}
