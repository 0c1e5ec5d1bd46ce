//! Random histories of several instances and two users, held against a model of a few lines: an access that ended
//! never comes back by itself, generations never go back, and nobody gets another user's token.

use std::{collections::HashMap, time::Duration};

use proptest::{prelude::*, test_runner::TestRunner};
use shared::domain::{
    authorization_server::AuthorizationServer,
    connection::{Connection, Status},
    secret::AccessToken,
};

use super::world::*;

const USERS: [&str; 2] = [ANNA, DAVID];
const INSTANCES: usize = 3;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The user consents, and an instance stores the tokens.
    Connect { user: usize, instance: usize },
    /// The clock goes on for so many minutes.
    Pass { minutes: u64 },
    /// An instance needs an access token.
    Obtain { user: usize, instance: usize },
    /// An instance reads the connection and does nothing with it yet.
    Read { user: usize, instance: usize },
    /// An instance needs an access token for what it read before, however long ago.
    ObtainLate { user: usize, instance: usize },
    /// An instance gives up on what it read before, for Gmail rejected its token.
    GiveUpLate { user: usize, instance: usize },
    /// An instance keeps what it read before with the tokens of a new consent.
    RenewLate { user: usize, instance: usize },
    /// The user removes the access at Google.
    RevokeAtGoogle { user: usize },
    /// The connection is deleted.
    Delete { user: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (user, instance) = (0..USERS.len(), 0..INSTANCES);
    let both = (user.clone(), instance);
    let step = prop_oneof![
        3 => both.clone().prop_map(|(user, instance)| Step::Connect { user, instance }),
        3 => (1..90_u64).prop_map(|minutes| Step::Pass { minutes }),
        5 => both.clone().prop_map(|(user, instance)| Step::Obtain { user, instance }),
        3 => both.clone().prop_map(|(user, instance)| Step::Read { user, instance }),
        3 => both.clone().prop_map(|(user, instance)| Step::ObtainLate { user, instance }),
        1 => both.clone().prop_map(|(user, instance)| Step::GiveUpLate { user, instance }),
        2 => both.prop_map(|(user, instance)| Step::RenewLate { user, instance }),
        1 => user.clone().prop_map(|user| Step::RevokeAtGoogle { user }),
        1 => user.prop_map(|user| Step::Delete { user }),
    ];
    prop::collection::vec(step, 1..40)
}

/// What must be so, of one user.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Expected {
    /// Never connected, or deleted.
    #[default]
    Absent,
    /// There is access, as far as Google says.
    Connected,
    /// There was: it may be marked already or not, but must not bring a token that works.
    Ended,
}

struct Model {
    world: World,
    instances: Vec<Instance>,
    expected: [Expected; 2],
    /// The highest generation seen, and whether the connection was seen revoked at it.
    seen: [(u64, bool); 2],
    read: HashMap<(usize, usize), Connection>,
}

impl Model {
    async fn start() -> Self {
        let world = World::start().await;
        let instances = (0..INSTANCES).map(|_| world.instance()).collect();
        Self { world, instances, expected: Default::default(), seen: Default::default(), read: HashMap::new() }
    }

    async fn run(&mut self, steps: &[Step]) {
        for step in steps {
            // No two things happen in the same instant.
            self.world.clock.pass(Duration::from_millis(1));
            self.step(*step).await;
            for user in 0..USERS.len() {
                self.check(user, step).await;
            }
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Connect { user, instance } => {
                let tokens = self.world.consent(USERS[user]).await;
                self.instances[instance].connect(USERS[user], &tokens).await.unwrap();
                self.expected[user] = Expected::Connected;
            }
            Step::Pass { minutes } => self.world.clock.pass(Duration::from_mins(minutes)),
            Step::Obtain { user, instance } => {
                let answer = self.instances[instance].obtain(USERS[user]).await;
                self.check_answer(user, answer.map(|access| access.token).as_ref().ok()).await;
            }
            Step::Read { user, instance } => {
                let found = self.instances[instance].vault.find(&user_id(USERS[user])).await.unwrap();
                found.map(|connection| self.read.insert((user, instance), connection));
            }
            Step::ObtainLate { user, instance } => self.obtain_late(user, instance).await,
            Step::GiveUpLate { user, instance } => self.give_up_late(user, instance).await,
            Step::RenewLate { user, instance } => self.renew_late(user, instance).await,
            Step::RevokeAtGoogle { user } => {
                self.world.google.revoke(user_id(USERS[user]).as_str());
                if self.expected[user] == Expected::Connected {
                    self.expected[user] = Expected::Ended;
                }
            }
            Step::Delete { user } => {
                self.world.delete_row(USERS[user]);
                self.expected[user] = Expected::Absent;
            }
        }
    }

    async fn obtain_late(&mut self, user: usize, instance: usize) {
        let Some(connection) = self.read.get(&(user, instance)).cloned() else { return };
        let deadline = shared::function::Deadline::after(PATIENCE);
        let answer = self.instances[instance].tokens.obtain(connection, None, deadline).await;
        // What was read before may hold a token that works no longer; whatever comes, it is nobody else's.
        if let Ok(access) = answer {
            self.check_owner(user, &access.token).await;
        }
    }

    /// Of what is stored no longer, nothing is ended; of what is, the access is over.
    async fn give_up_late(&mut self, user: usize, instance: usize) {
        let Some(connection) = self.read.get(&(user, instance)).cloned() else { return };
        let instance = &self.instances[instance];
        let _ = instance.give_up(&connection).await;
        let stored = instance.vault.find(&connection.user_id).await.unwrap();
        if stored
            .is_some_and(|stored| stored.generation == connection.generation + 1 && stored.status != Status::Active)
        {
            self.expected[user] = Expected::Ended;
        }
    }

    async fn renew_late(&mut self, user: usize, instance: usize) {
        let Some(read) = self.read.get(&(user, instance)).cloned() else { return };
        if self.expected[user] != Expected::Connected || read.status != Status::Active {
            return;
        }
        let tokens = self.world.consent(USERS[user]).await;
        let id = user_id(USERS[user]);
        let stored = self.instances[instance].vault.find(&id).await.unwrap().unwrap();
        let renewed = self.instances[instance].vault.renew(&read, &consent(&id, USERS[user], &tokens, ANY_TIME)).await;
        assert_eq!(renewed.is_ok(), stored.generation == read.generation);
    }

    /// A token where there is access, and none where there is not, but for a shared one that has not run out.
    async fn check_answer(&self, user: usize, token: Option<&AccessToken>) {
        match self.expected[user] {
            Expected::Absent => assert!(token.is_none()),
            Expected::Connected => assert!(self.check_owner(user, token.unwrap()).await),
            Expected::Ended => {
                if let Some(token) = token {
                    assert!(!self.world.works(token).await);
                }
            }
        }
    }

    /// Whose token it is, by Google's word; nobody's if it does not work.
    async fn check_owner(&self, user: usize, token: &AccessToken) -> bool {
        let whose = self.world.server().user_info(token, PATIENCE).await.unwrap();
        assert!(whose.as_ref().is_none_or(|whose| whose.user_id == user_id(USERS[user])));
        whose.is_some()
    }

    /// What holds after every step.
    async fn check(&mut self, user: usize, step: &Step) {
        let stored = self.instances[0].vault.find(&user_id(USERS[user])).await.unwrap();
        assert_eq!(stored.is_some(), self.expected[user] != Expected::Absent, "{step:?}");
        let Some(stored) = stored else { return };
        assert_eq!(stored.user_id, user_id(USERS[user]));
        let (generation, was_revoked) = self.seen[user];
        let is_revoked = stored.status != Status::Active;
        assert!(stored.generation >= generation, "{step:?}");
        if was_revoked && !is_revoked {
            assert!(stored.generation > generation && matches!(step, Step::Connect { .. }), "{step:?}");
        }
        assert!(!is_revoked || self.expected[user] == Expected::Ended, "{step:?}");
        self.seen[user] = (stored.generation, is_revoked);
    }
}

#[test]
fn an_access_that_ended_never_comes_back_by_itself() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = ProptestConfig { cases: 15, max_shrink_iters: 200, failure_persistence: None, ..Default::default() };
    let outcome = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async { Model::start().await.run(&steps).await });
        Ok(())
    });
    outcome.unwrap();
}
