//! The world of the load: many connected users, and wires to Google and AWS that can be cut.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use shared::domain::time::{Clock, SystemClock};
use tests::{
    wire::{Cut, Wire},
    world::{Settings, TABLE, World},
};
use tokio::{sync::RwLock, time::sleep};

use crate::users::{User, accounts};

/// So much quota that it never ends.
const QUOTA: u64 = 1_000_000;

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
        let accounts = accounts(users);
        let settings = Settings { accounts: accounts.clone(), ..Settings::default() };
        let world = settings.variable("GMAIL_QUOTA_UNITS_PER_MINUTE", &QUOTA.to_string()).start().await;
        world.google.set_gmail_quota(QUOTA);
        let users = User::connect_all(&world, accounts).await;
        let (aws, google) = (Wire::to(&world.aws.endpoint()).await, Wire::to(world.google.origin()).await);
        Self { world, users, traffic: RwLock::default(), popular: AtomicUsize::default(), aws, google }
    }

    /// The functions' variables, by the wires.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let variables = self.world.variables_by(&self.aws, &self.google);
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
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
