//! Whether an answer is right, and whether everything is in the end.

use local::google::Endpoint;
use serde_json::Value;
use shared::domain::time::Clock;
use tests::{answer::Answer, world::sub};

use super::{
    actions::{Action, By, USERS, What},
    machine::{Before, LEASE, Machine},
};

impl Machine {
    /// What an answer may be; `alone`, if nothing else happened meanwhile.
    pub(super) async fn judge(&self, action: Action, before: &Before, answer: Option<Answer>, alone: bool) {
        if let Some(answer) = answer {
            let is_right = match action.what {
                What::Connect { .. } => self.judge_connect(action.user, before, &answer, alone),
                What::List(by) => self.judge_list(action.user, by, before, &answer, alone).await,
                What::Disconnect(by) => self.judge_disconnect(action.user, by, before, &answer, alone),
                _ => self.judge_delivery(action.user, before, &answer, alone),
            };
            assert!(is_right, "{action:?} is answered {} {}", answer.status(), answer.body());
        }
        self.over(action, before);
    }

    fn judge_connect(&self, user: usize, before: &Before, answer: &Answer, alone: bool) -> bool {
        if answer.status() == 200 {
            let token = self.live_refresh_token(user);
            let mut user = self.user(user);
            if user.ends == before.ends {
                user.consented(token);
            }
            return true;
        }
        // A code dies with its grant, and cannot be exchanged again where the answer was lost.
        !alone && ["code_rejected", "google_unavailable"].contains(&code(answer).as_str())
    }

    async fn judge_list(&self, user: usize, by: By, before: &Before, answer: &Answer, alone: bool) -> bool {
        let works = alone && self.user(user).works;
        match (answer.status(), code(answer).as_str()) {
            (200, _) => {
                self.check_mailbox(user, answer).await;
                !alone || before.active
            }
            (503, "google_unavailable") => before.leased,
            (401, "session_required") => matches!(by, By::Browser),
            (401, "reauthorization_required") | (404, "connection_not_found") => !works,
            _ => false,
        }
    }

    /// The messages are the user's own, by their number and by Google's word on the token.
    async fn check_mailbox(&self, user: usize, answer: &Answer) {
        let listed = answer.json().unwrap();
        assert_eq!(listed["messages"].as_array().unwrap().len(), self.messages(user), "{listed}");
        let requests = self.world.google.requests(Endpoint::List);
        let token = requests.last().unwrap().headers["authorization"].to_str().unwrap().to_owned();
        let url = format!("{}/v1/userinfo", self.world.google.origin());
        // This request may be the one at which an invocation that is over by then was to stop.
        let Ok(whose) = self.http.get(url).header("authorization", token).send().await else { return };
        // A token that has died since is nobody's.
        if whose.status() == 200 {
            let whose: Value = serde_json::from_slice(&whose.bytes().await.unwrap()).unwrap();
            assert_eq!(whose["sub"], sub(USERS[user]));
        }
    }

    fn judge_disconnect(&self, user: usize, by: By, before: &Before, answer: &Answer, alone: bool) -> bool {
        match (answer.status(), code(answer).as_str()) {
            (200, _) => !alone || self.world.connection(USERS[user]).is_none(),
            (401, "session_required") => matches!(by, By::Browser),
            (404, "connection_not_found") => !alone || !before.active,
            _ => false,
        }
    }

    fn judge_delivery(&self, user: usize, before: &Before, answer: &Answer, alone: bool) -> bool {
        let letter = before.letter.map(|at| self.letters()[at].clone()).unwrap();
        if answer.status() != 202 {
            // Google's keys did not come, or had not come a moment ago: the event is sent again.
            return answer.status() == 503
                && (!alone || self.world.clock.now() < *self.keys_may_fail_until.lock().unwrap());
        }
        self.letters()[before.letter.unwrap()].taken = true;
        let ends = !letter.arrived && self.user(user).is_concerned(&letter.ends, self.minted_at(user));
        !(alone && ends && self.is_active(user))
    }

    /// In the end a connection works or says why it does not, and with one more consent it works.
    pub(super) async fn settle(&self, user: usize) {
        self.world.clock.advance(LEASE);
        self.act(Action { user, instance: 0, what: What::List(By::Backend) }, true).await;
        for back in self.untaken(user) {
            self.act(Action { user, instance: 0, what: What::Deliver { back } }, true).await;
        }
        self.check_settled(user).await;
        self.world.clock.advance(LEASE);
        self.act(Action { user, instance: 0, what: What::Connect { prompt: false } }, true).await;
        for by in [By::Backend, By::Browser] {
            let listed = self.world.instance.send(&self.request("GET", "messages", by, user)).await;
            assert_eq!(listed.status(), 200, "{}", listed.body());
            self.check_mailbox(user, &listed).await;
        }
        self.user(user).look(&self.world, user, true);
    }

    /// Nothing in the table can be read.
    pub(super) fn check_table(&self) {
        let items = serde_json::to_string(&self.world.items()).unwrap();
        self.world.assert_nothing_readable("the table", &items);
    }

    async fn check_settled(&self, user: usize) {
        let instance = &self.world.instance;
        let listed = instance.send(&self.request("GET", "messages", By::Backend, user)).await;
        let told = instance.send(&self.request("GET", "connection", By::Backend, user)).await;
        let status = told.json().unwrap();
        match (listed.status(), code(&listed).as_str()) {
            (200, _) => assert_eq!(status["status"], "active"),
            (401, "reauthorization_required") => {
                assert_eq!(status["status"], "revoked");
                assert!(status["status_reason"].is_string(), "{status}");
            }
            (404, "connection_not_found") => assert_eq!(told.status(), 404),
            _ => panic!("{}: {}", listed.status(), listed.body()),
        }
    }
}

/// The word of a problem; empty for an answer that is none.
pub(super) fn code(answer: &Answer) -> String {
    let code = answer.json().ok().and_then(|body| Some(body.get("code")?.as_str()?.to_owned()));
    code.unwrap_or_default()
}
