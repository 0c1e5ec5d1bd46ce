//! Several instances, users, and a Google whose security events lie ready to arrive at any time.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use local::google::{Account, Decision};
use shared::domain::time::{Clock, Timestamp};
use tests::{
    PATIENCE,
    answer::Answer,
    event::Event as Request,
    http_client::http_client,
    security_event::post,
    world::{BASE_URL, Instance, Settings, Visitor, World, sub},
};

use super::{
    actions::{Action, By, Event, INSTANCES, Point, Step, USERS, What},
    letters::Letter,
    points::{Halt, end_at},
    user::User,
};

/// Longer than a lease lives.
pub(super) const LEASE: Duration = Duration::from_secs(11);
/// No two things happen in the same two seconds.
const STEP: Duration = Duration::from_secs(2);
/// How long a listing may take while somebody holds the lease who will not come back before the clock goes on.
const SOON: Duration = Duration::from_millis(300);

pub(super) struct Machine {
    pub(super) world: World,
    pub(super) http: reqwest::Client,
    users: [Mutex<User>; 2],
    instances: Mutex<Vec<Arc<Instance>>>,
    browsers: Mutex<Vec<Visitor>>,
    pub(super) letters: Mutex<Vec<Letter>>,
    /// While a request to Google failed a moment ago.
    pub(super) keys_may_fail_until: Mutex<Timestamp>,
}

/// How things stood when an action began.
pub(super) struct Before {
    pub(super) ends: usize,
    pub(super) active: bool,
    /// Whether somebody held the lease.
    pub(super) leased: bool,
    pub(super) letter: Option<usize>,
}

impl Machine {
    pub(super) async fn start() -> Self {
        let world = Settings { mailbox_size: 3, ..Settings::default() }.start().await;
        // Each has another number of messages.
        world.google.set_mailbox_size(&sub(USERS[1]), 4);
        let mut instances = vec![world.instance.clone()];
        while instances.len() < INSTANCES {
            instances.push(world.another_instance().await);
        }
        let browsers = USERS.iter().map(|_| world.visitor().accepting("application/json")).collect();
        let (instances, browsers) = (Mutex::new(instances), Mutex::new(browsers));
        Self {
            world,
            http: http_client().unwrap(),
            users: Default::default(),
            instances,
            browsers,
            letters: Mutex::default(),
            keys_may_fail_until: Mutex::new(Timestamp::from_unix_millis(0)),
        }
    }

    pub(super) async fn run(&self, steps: &[Step]) {
        for step in steps {
            self.step(step).await;
        }
        for user in 0..USERS.len() {
            self.settle(user).await;
        }
        self.check_table();
    }

    /// Whether a crash came to its point, or a race.
    pub(super) async fn step(&self, step: &Step) -> bool {
        self.world.clock.advance(STEP);
        let reached = match step {
            Step::Do(action) => {
                self.act(*action, true).await;
                true
            }
            Step::Crash(action, point) => self.crash(*action, *point).await,
            Step::Race(action, point, others) => self.race(*action, *point, others).await,
            Step::Pass { minutes } => {
                self.world.clock.advance(Duration::from_mins(*minutes));
                true
            }
        };
        for user in 0..USERS.len() {
            let touched = step.actions().iter().any(|action| action.user == user);
            self.user(user).look(&self.world, user, touched);
        }
        reached
    }

    /// It happens, and is judged.
    pub(super) async fn act(&self, action: Action, alone: bool) {
        let before = self.begin(action);
        let answer = self.perform(action, &before).await;
        self.judge(action, &before, answer, alone).await;
    }

    async fn crash(&self, action: Action, point: Point) -> bool {
        let (mut end, before) = (end_at(&self.world, point), self.begin(action));
        let answer = tokio::select! {
            answer = self.perform(action, &before) => answer,
            () = end.reached() => {
                self.over(action, &before);
                let instance = self.world.another_instance().await;
                self.instances.lock().unwrap()[action.instance] = instance;
                return true;
            }
        };
        drop(end);
        self.judge(action, &before, answer, true).await;
        false
    }

    async fn race(&self, action: Action, point: Point, others: &[Action]) -> bool {
        let mut halt = Halt::at(&self.world, point);
        let mut acts = pin!(self.act(action, false));
        let reached = tokio::select! {
            () = acts.as_mut() => false,
            () = halt.reached() => true,
        };
        if !reached {
            drop(halt);
            for other in others {
                self.act(*other, true).await;
            }
            return false;
        }
        let meanwhile = async {
            for other in others {
                self.world.clock.advance(STEP);
                self.act(*other, false).await;
            }
            drop(halt);
        };
        tokio::join!(acts, meanwhile);
        *self.keys_may_fail_until.lock().unwrap() = self.world.clock.now().after(LEASE);
        true
    }

    /// How things stand as an action begins.
    fn begin(&self, action: Action) -> Before {
        let letter = match action.what {
            What::Deliver { back } => self.letter(action.user, back),
            _ => None,
        };
        let (active, leased) = (self.is_active(action.user), self.is_leased(action.user));
        let mut user = self.user(action.user);
        let before = Before { ends: user.ends, active, leased, letter };
        if self.is_end(&user, action, &before) {
            user.end();
        }
        before
    }

    /// An action is over, or will never be.
    pub(super) fn over(&self, action: Action, before: &Before) {
        let mut user = self.user(action.user);
        if self.is_end(&user, action, before) {
            user.end();
        }
        drop(user);
        if let Some(letter) = before.letter {
            self.letters()[letter].arrived = true;
        }
    }

    fn is_end(&self, user: &User, action: Action, before: &Before) -> bool {
        match action.what {
            What::Disconnect(_) | What::RemoveAtGoogle { .. } => true,
            What::Deliver { .. } => {
                before.letter.is_some_and(|at| user.is_concerned(&self.letters()[at].ends, self.minted_at(action.user)))
            }
            What::Connect { .. } | What::List(_) | What::Write(_) => false,
        }
    }

    /// What a function answers, if one is asked.
    async fn perform(&self, action: Action, before: &Before) -> Option<Answer> {
        let Action { user, instance, what } = action;
        let instance = self.instances.lock().unwrap()[instance].clone();
        match what {
            What::Connect { prompt } => Some(self.connect(user, &instance, prompt).await),
            What::List(by) => {
                let limit = if before.leased { SOON } else { PATIENCE };
                Some(instance.send_within(&self.request("GET", "messages", by, user), limit).await)
            }
            What::Disconnect(by) => Some(instance.send(&self.request("DELETE", "connection", by, user)).await),
            What::RemoveAtGoogle { told } => {
                if told {
                    self.write(user, Event::TokensRevoked);
                }
                self.world.google.revoke(&sub(USERS[user]));
                None
            }
            What::Write(event) => {
                self.write(user, event);
                None
            }
            What::Deliver { .. } => {
                let token = self.letters()[before.letter?].token.clone();
                Some(instance.send(&post(&token)).await)
            }
        }
    }

    async fn connect(&self, user: usize, instance: &Arc<Instance>, prompt: bool) -> Answer {
        let browser = self.browser(user).at(instance);
        let mut url = browser.begin(if prompt { "prompt=consent" } else { "" }).await;
        loop {
            let location = self.world.consent(&url, &Decision::all(USERS[user]));
            let answer = browser.get(&location).await;
            if answer.status() != 303 {
                self.browsers.lock().unwrap()[user] = browser;
                return answer;
            }
            let way = answer.header("location").unwrap();
            assert!(way.contains("prompt=consent") && !url.contains("prompt=consent"), "{way} after {url}");
            let at_google = browser.get(way).await;
            at_google.header("location").unwrap().clone_into(&mut url);
        }
    }

    pub(super) fn request(&self, method: &str, what: &str, by: By, user: usize) -> Request {
        match by {
            By::Backend => Request::new(method, &format!("/users/{}/{what}", sub(USERS[user]))).iam(),
            By::Browser => {
                let cookies = self.browser(user).jar().cookies();
                Request::new(method, &format!("/{what}")).cookies(cookies).header("origin", BASE_URL)
            }
        }
    }

    /// The newest refresh token of a user that works.
    pub(super) fn live_refresh_token(&self, user: usize) -> Option<String> {
        let snapshot = self.world.google.snapshot();
        let tokens = snapshot["grants"]["refresh_tokens"].as_array().unwrap().iter().rev();
        let mut live = tokens.filter(|token| token["sub"] == sub(USERS[user]) && token["dead"] == false);
        Some(live.next()?["token"].as_str().unwrap().to_owned())
    }

    /// When the stored refresh token was minted, if one is stored.
    pub(super) fn minted_at(&self, user: usize) -> Option<Timestamp> {
        let row = self.world.connection(USERS[user])?;
        let mints = row["mints"]["NS"].as_array()?.iter();
        mints.map(|mint| mint.as_str().unwrap().parse().unwrap()).max().map(Timestamp::from_unix_millis)
    }

    pub(super) fn is_active(&self, user: usize) -> bool {
        self.world.attribute(USERS[user], "status").is_some_and(|status| status == "active")
    }

    fn is_leased(&self, user: usize) -> bool {
        let end = self.world.attribute(USERS[user], "lease_expires_at");
        end.and_then(|end| Timestamp::parse(&end)).is_some_and(|end| self.world.clock.now() < end)
    }

    pub(super) fn user(&self, user: usize) -> MutexGuard<'_, User> {
        self.users[user].lock().unwrap()
    }

    fn browser(&self, user: usize) -> Visitor {
        self.browsers.lock().unwrap()[user].duplicate()
    }

    /// How many messages a user has.
    pub(super) fn messages(&self, user: usize) -> usize {
        let mail: &[Account] = self.world.google.accounts();
        assert_eq!(mail[user].email, USERS[user]);
        mail[user].mailbox_size + user
    }
}
