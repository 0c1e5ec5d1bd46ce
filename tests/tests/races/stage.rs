//! The functions of three instances, on the embedded AWS and the emulated Google, each of which stands still before every
//! call to DynamoDB, and before it opens a token with KMS to take it to Google, until it is let on.

use std::time::Duration;

use local::aws::Gate;
use serde_json::Value;
use shared::{domain::connection::Lease, function::Function};
use tests::{
    answer::Answer,
    event::Event,
    security_event::{about, claims, post, uri},
    world::{ANNA, DAVID, Settings, TABLE, World, connection_key, sub},
};
use tokio::task::JoinHandle;

use super::{
    functions::{Functions, perform, returned},
    model::Start,
    state::What,
};

/// The accounts, as the model numbers them.
pub(super) const EMAILS: [&str; 2] = [ANNA, DAVID];
/// How many messages each has; no two have as many.
pub(super) const MESSAGES: [usize; 2] = [3, 4];

/// Longer than an access token lives.
const TOKEN_LIFE: Duration = Duration::from_hours(1);
/// Longer than a data key is kept at hand.
const KEY_LIFE: Duration = Duration::from_mins(6);
/// As much as two consents are apart at least, for their order to be known.
const APART: Duration = Duration::from_secs(2);
/// How long ago what an event tells of has happened, in seconds: longer than clocks differ, and before every consent.
const EVENT_AGE: i64 = 10;

/// The calls that instances stand still before.
const CALLS: [&str; 5] = [GET, UPDATE, TRANSACT, PUT, DECRYPT];
pub(super) const GET: &str = "DynamoDB.GetItem";
pub(super) const UPDATE: &str = "DynamoDB.UpdateItem";
pub(super) const TRANSACT: &str = "DynamoDB.TransactWriteItems";
pub(super) const PUT: &str = "DynamoDB.PutItem";
pub(super) const DECRYPT: &str = "KMS.Decrypt";

/// Where an instance has come to.
#[derive(Debug)]
pub(super) enum Stand {
    /// Before that call.
    Before(&'static str),
    /// It has answered.
    Answered(Answer),
}

/// What does something for an instance.
enum Actor {
    /// It has not begun.
    Idle,
    /// It stands before a call.
    Standing { call: &'static str, gate: Gate, task: JoinHandle<Answer> },
    /// It has answered, or was killed.
    Over,
}

/// Everything that a schedule is played on, again and again.
pub(super) struct Stage {
    pub(super) world: World,
    instances: Vec<&'static Functions>,
    actors: Vec<Actor>,
    /// The gates that nobody has come to yet.
    at_dynamodb: Gate,
    at_kms: Gate,
    counts: [u64; CALLS.len()],
    /// Gates at which somebody was killed: they stay shut.
    shut: Vec<Gate>,
    google: Value,
    items: Vec<Value>,
}

impl Stage {
    /// A stage on which both accounts are connected.
    pub(super) async fn build(instances: usize) -> Self {
        let world = Settings { mailbox_size: MESSAGES[0], ..Settings::default() }.start().await;
        world.google.set_mailbox_size(&sub(EMAILS[1]), MESSAGES[1]);
        for email in EMAILS {
            world.connect(email).await;
        }
        let mut all = Vec::new();
        for _ in 0..instances {
            all.push(Functions::start(&world).await);
        }
        let (google, items) = (world.google.snapshot(), world.items());
        world.clock.advance(TOKEN_LIFE);
        let (at_dynamodb, at_kms) = (world.aws.faults().hold("DynamoDB"), world.aws.faults().hold(DECRYPT));
        let counts = CALLS.map(|call| world.aws.faults().calls(call));
        Self { world, instances: all, actors: Vec::new(), at_dynamodb, at_kms, counts, shut: Vec::new(), google, items }
    }

    /// Everything is as it was built, an hour and more later.
    pub(super) fn set(&mut self, start: Start) {
        self.world.clock.advance(KEY_LIFE);
        let (stored, key) = (self.world.items(), |item: &Value| item["pk"]["S"].as_str().unwrap().to_owned());
        for item in stored.iter().filter(|item| !self.items.contains(item)) {
            self.world.aws.delete_item(TABLE, &key(item)).unwrap();
        }
        for item in self.items.iter().filter(|item| !stored.contains(item)) {
            self.world.aws.put_item(TABLE, item).unwrap();
        }
        self.world.google.restore(self.google.clone()).unwrap();
        if start == Start::Absent {
            self.world.aws.delete_item(TABLE, &connection_key(EMAILS[0])).unwrap();
        }
        if matches!(start, Start::Absent | Start::Removed) {
            self.remove();
        }
        self.actors = self.instances.iter().map(|_| Actor::Idle).collect();
    }

    /// The first user removes the access at Google.
    pub(super) fn remove(&self) {
        self.world.google.revoke(&sub(EMAILS[0]));
    }

    /// As much time passes as a lease lives.
    pub(super) fn end_leases(&self) {
        self.world.clock.advance(Lease::LIFETIME);
    }

    /// An instance begins, and comes to before its first call that matters here.
    pub(super) async fn begin(&mut self, i: usize, what: What) -> Stand {
        if matches!(what, What::Consent { .. }) {
            self.world.clock.advance(APART);
        }
        let (function, event) = self.order(i, what).await;
        let task = tokio::spawn(perform(function, event));
        let stand = self.go_on(i, task).await;
        match what {
            // Whether the event was seen before.
            What::Event(_) => self.let_on(i).await,
            _ => stand,
        }
    }

    /// An instance makes the call that it stands before, and comes to before its next one.
    pub(super) async fn let_on(&mut self, i: usize) -> Stand {
        match std::mem::replace(&mut self.actors[i], Actor::Over) {
            Actor::Standing { gate, task, .. } => {
                gate.release();
                self.go_on(i, task).await
            }
            Actor::Idle | Actor::Over => panic!("{i} stands nowhere"),
        }
    }

    /// The call that an instance stands before, if it has begun and not answered.
    pub(super) fn call_of(&self, i: usize) -> Option<&'static str> {
        match &self.actors[i] {
            Actor::Standing { call, .. } => Some(call),
            Actor::Idle | Actor::Over => None,
        }
    }

    /// An instance is killed where it stands.
    pub(super) fn kill(&mut self, i: usize) {
        if let Actor::Standing { gate, task, .. } = std::mem::replace(&mut self.actors[i], Actor::Over) {
            task.abort();
            self.shut.push(gate);
        }
    }

    /// What somebody who comes now is answered to a listing, whom nobody disturbs.
    pub(super) async fn newcomer(&mut self, account: usize) -> Answer {
        self.actors[0] = Actor::Idle;
        let mut stand = self.begin(0, What::List(account)).await;
        loop {
            match stand {
                Stand::Answered(answer) => return answer,
                Stand::Before(_) => stand = self.let_on(0).await,
            }
        }
    }

    /// An instance goes on until it stands before a call or has answered; all others stand still.
    async fn go_on(&mut self, i: usize, mut task: JoinHandle<Answer>) -> Stand {
        let faults = self.world.aws.faults();
        let gate = tokio::select! {
            answer = &mut task => {
                self.actors[i] = Actor::Over;
                return Stand::Answered(answer.unwrap());
            }
            () = self.at_dynamodb.reached() => std::mem::replace(&mut self.at_dynamodb, faults.hold("DynamoDB")),
            () = self.at_kms.reached() => std::mem::replace(&mut self.at_kms, faults.hold(DECRYPT)),
        };
        let counts = CALLS.map(|call| faults.calls(call));
        let made: Vec<_> = (0..CALLS.len()).filter(|at| counts[*at] > self.counts[*at]).collect();
        assert!(made.len() == 1 && counts[made[0]] == self.counts[made[0]] + 1, "{counts:?} after {:?}", self.counts);
        self.counts = counts;
        let call = CALLS[made[0]];
        self.actors[i] = Actor::Standing { call, gate, task };
        Stand::Before(call)
    }

    /// The function that is to do it, and what it is sent.
    async fn order(&self, i: usize, what: What) -> (&'static dyn Function, Event) {
        let functions = self.instances[i];
        let path = |account: usize, what: &str| format!("/users/{}/{what}", sub(EMAILS[account]));
        match what {
            What::List(account) => (&*functions.list_messages, Event::get(&path(account, "messages")).iam()),
            What::Disconnect(account) => (&*functions.connection, Event::delete(&path(account, "connection")).iam()),
            What::Consent { browser, account } => {
                (&*functions.callback, returned(&self.world, EMAILS[browser], EMAILS[account]).await)
            }
            What::Event(account) => {
                let said = serde_json::json!({ uri("oauth", "tokens-revoked"): about(EMAILS[account]) });
                let mut claims = claims(&self.world, &said);
                claims["iat"] = (claims["iat"].as_i64().unwrap() - EVENT_AGE).into();
                (&*functions.security_events, post(&self.world.google.security_event(&claims)))
            }
        }
    }
}
