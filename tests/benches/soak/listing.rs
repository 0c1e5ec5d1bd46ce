//! What `list-messages` is asked, and what is right.

use std::sync::Arc;

use local::google::Effect;
use tests::{
    answer::{Answer, problem},
    event::Event,
    world::{BASE_URL, NAVIGATION},
};

use crate::{caller::Question, stage::Stage, users::User};

/// So often Gmail refuses a request in a way that the caller is told of.
const BETWEEN_REFUSALS: usize = 151;
/// What Gmail says to wait then, in seconds: longer than any invocation lasts.
const WAIT: &str = "3600";
/// How many messages a walk takes at once.
const STEP: usize = 130;
/// How many messages are asked for with what is in them.
const MESSAGES: usize = 10;
const METADATA: &str = "format=metadata&metadataHeaders=From&metadataHeaders=Subject";

/// What is asked, over and over.
const TURNS: [Turn; 20] = [
    Turn::Whole,
    Turn::Few,
    Turn::Walk,
    Turn::Messages(METADATA),
    Turn::Walk,
    Turn::Few,
    Turn::Walk,
    Turn::Stranger,
    Turn::Walk,
    Turn::Few,
    Turn::Whole,
    Turn::Walk,
    Turn::Messages(METADATA),
    Turn::Few,
    Turn::Walk,
    Turn::BadSession,
    Turn::Few,
    Turn::Messages("format=full"),
    Turn::Navigation,
    Turn::Few,
];

#[derive(Clone, Copy, Debug)]
enum Turn {
    Whole,
    Few,
    Walk,
    Messages(&'static str),
    Stranger,
    BadSession,
    Navigation,
}

/// The right answer.
#[derive(Clone, Debug)]
enum Right {
    /// A user's messages from one on, so many at most; with what is in them, or not.
    Page { user: usize, from: usize, most: usize, whole: bool },
    /// A problem, with a time to wait or not.
    Problem(u16, &'static str, Option<&'static str>),
    /// The way to consent.
    Redirect,
}

/// Who asks an instance of `list-messages`.
pub(crate) struct Listing {
    stage: Arc<Stage>,
    number: usize,
    asked: usize,
    /// Whose messages come next, which turn.
    user: usize,
    right: Right,
    /// Where a walk goes on: the user, from which message, by which token.
    walk: Option<(usize, usize, String)>,
}

impl Listing {
    /// Who asks the instance of that number, of so many: each begins elsewhere.
    pub(crate) fn new(stage: Arc<Stage>, number: usize, instances: usize) -> Self {
        let user = stage.users.len() * number / instances;
        Self { stage, number, asked: number * 7, user, right: Right::Redirect, walk: None }
    }

    /// The next request.
    pub(crate) fn ask(&mut self) -> Question {
        self.asked += 1;
        if self.asked.is_multiple_of(BETWEEN_REFUSALS) {
            return self.refusal();
        }
        let event = match TURNS[self.asked % TURNS.len()] {
            Turn::Whole => self.page("", usize::MAX, false),
            Turn::Few => self.page("maxResults=20", 20, false),
            Turn::Walk => self.step(),
            Turn::Messages(query) => self.page(&format!("{query}&maxResults={MESSAGES}"), MESSAGES, true),
            Turn::Stranger => self.stranger(),
            Turn::BadSession => self.bad_session("application/json", Right::Problem(401, "session_required", None)),
            Turn::Navigation => self.bad_session(NAVIGATION, Right::Redirect),
        };
        Question { event, instead: None }
    }

    /// Takes the answer.
    ///
    /// # Panics
    /// If it is not the right one.
    pub(crate) fn hear(&mut self, answer: &Answer) {
        match self.right.clone() {
            Right::Page { user, from, most, whole } => {
                let next = self.stage.users[user].assert_page(from, most, whole, answer);
                self.walk = next.filter(|_| most == STEP).map(|token| (user, from + most, token));
            }
            Right::Problem(status, code, retry_after) => {
                let told = problem(answer, status, code);
                assert_eq!(answer.header("retry-after"), retry_after, "{answer:?}");
                let url = told["authorization_url"].as_str();
                let ours = url.is_some_and(|url| url.starts_with(&format!("{BASE_URL}/authorize")));
                assert_eq!(ours, retry_after.is_none(), "{answer:?}");
            }
            Right::Redirect => {
                assert_eq!(answer.status(), 302, "{answer:?}");
                let location = answer.header("location").unwrap();
                assert!(location.contains("/authorize?return_to=%2Fmessages"), "{location}");
            }
        }
    }

    /// Every other time the user whom all ask for, otherwise one after the other.
    fn next_user(&mut self) -> usize {
        if self.asked.is_multiple_of(2) {
            return self.stage.popular();
        }
        self.user = (self.user + 1) % self.stage.users.len();
        self.user
    }

    /// The first messages of a user, as a browser or a backend asks for them.
    fn page(&mut self, query: &str, most: usize, whole: bool) -> Event {
        let user = self.next_user();
        self.right = Right::Page { user, from: 0, most, whole };
        let User { sub, session, .. } = &self.stage.users[user];
        if self.asked % 4 < 2 { Event::get("/messages").query(query).cookie(session) } else { of(sub, query) }
    }

    /// The next messages of a walk, or the first of another one.
    fn step(&mut self) -> Event {
        let (user, from, token) = match self.walk.take() {
            Some((user, from, token)) => (user, from, format!("&pageToken={token}")),
            None => (self.next_user(), 0, String::new()),
        };
        self.right = Right::Page { user, from, most: STEP, whole: false };
        of(&self.stage.users[user].sub, &format!("maxResults={STEP}{token}"))
    }

    /// Somebody whom nobody ever asked for.
    fn stranger(&mut self) -> Event {
        self.right = Right::Problem(404, "connection_not_found", None);
        of(&format!("3{:06}{:014}", self.number, self.asked), "")
    }

    /// A session of which one character is another.
    fn bad_session(&mut self, accept: &str, right: Right) -> Event {
        self.right = right;
        let mut session = self.stage.users[self.user].session.clone();
        let last = session.pop();
        session.push(if last == Some('A') { 'Q' } else { 'A' });
        // The bits of the last character may be of no account: the one before it is not what it was either.
        session.insert(session.len() - 1, 'x');
        Event::get("/messages").header("accept", accept).cookie(session)
    }

    fn refusal(&mut self) -> Question {
        let (status, code) = if (self.asked / BETWEEN_REFUSALS).is_multiple_of(2) {
            (429, "rate_limited")
        } else {
            (503, "google_unavailable")
        };
        let event = self.page("maxResults=20", 20, false);
        self.right = Right::Problem(status, code, Some(WAIT));
        let headers = vec![("Retry-After".to_owned(), WAIT.to_owned())];
        Question { event, instead: Some(Effect::Status { status, body: None, headers }) }
    }
}

fn of(sub: &str, query: &str) -> Event {
    Event::get(&format!("/users/{sub}/messages")).query(query).iam()
}
