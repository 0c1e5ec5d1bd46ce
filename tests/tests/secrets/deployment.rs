//! All functions, each a process on a wire, and everything that is seen of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use local::{
    aws::SECRET_ACCESS_KEY,
    event_source::{EventSource, Handler},
    google::Decision,
};
use serde_json::Value;
use tests::{
    PATIENCE,
    answer::Answer,
    cookie_jar::CookieJar,
    event::Event,
    runtime_api::FunctionProcess,
    secrets_search::SHORTEST,
    wire::Wire,
    world::{ANNA, CLIENT_SECRET, COOKIE_KEY, DAVID, TABLE, Wired, sub},
};
use url::{Url, form_urlencoded};

/// Every function.
pub(super) const FUNCTIONS: [&str; 6] =
    ["authorize-url", "callback", "list-messages", "connection", "security-events", "connection-events"];
/// The bus that connections are told on.
pub(super) const BUS: &str = "connections";

/// How long a function has where something goes wrong for as long as it tries.
const SHORT: Duration = Duration::from_secs(2);

/// What Google's and KMS's answers call their secrets, and what those are.
const GIVEN: [(&str, &str); 4] = [
    ("access_token", "access token"),
    ("refresh_token", "refresh token"),
    ("id_token", "ID token"),
    ("Plaintext", "data key"),
];

/// A secret's kind and its text.
pub(super) type Secret = (&'static str, String);

/// The processes, and what came of them.
pub(super) struct Deployment {
    pub(super) wired: Wired,
    processes: BTreeMap<&'static str, Arc<FunctionProcess>>,
    /// What processes printed that were replaced, by their functions.
    pub(super) replaced: Vec<(&'static str, String)>,
    pub(super) jar: CookieJar,
    known: BTreeSet<Secret>,
    /// Each answer, with what was asked.
    pub(super) answers: Vec<(String, Answer)>,
    /// Every item that was ever seen in the table.
    pub(super) items: BTreeSet<String>,
    /// Every batch of the table's stream.
    pub(super) batches: Arc<Mutex<Vec<String>>>,
    source: Option<EventSource>,
}

impl Deployment {
    /// The processes of these functions, which log at that level.
    pub(super) async fn start(functions: &[&'static str], level: &str) -> Self {
        let wired = Wired::start().await;
        wired.world.aws.event_bus().create(BUS);
        let mut processes = BTreeMap::new();
        for name in functions {
            processes.insert(*name, process(&wired, name, level).await);
        }
        let mut deployment = Self {
            wired,
            processes,
            replaced: Vec::new(),
            jar: CookieJar::default(),
            known: BTreeSet::new(),
            answers: Vec::new(),
            items: BTreeSet::new(),
            batches: Arc::default(),
            source: None,
        };
        for (kind, secret) in [
            ("client secret", CLIENT_SECRET),
            ("cookie key", COOKIE_KEY),
            ("AWS secret access key", SECRET_ACCESS_KEY),
            ("address", ANNA),
            ("address", DAVID),
        ] {
            deployment.keep(kind, secret);
        }
        for email in [ANNA, DAVID] {
            deployment.keep("subject", &sub(email));
        }
        if let Some(told) = deployment.processes.get("connection-events").cloned() {
            let handler = handler(told, deployment.batches.clone());
            deployment.source = Some(EventSource::start(deployment.wired.world.aws.clone(), TABLE, handler).unwrap());
        }
        deployment
    }

    /// Anna, connected, with the processes of these functions.
    pub(super) async fn with_anna(functions: &[&'static str], level: &str) -> Self {
        let mut deployment = Self::start(functions, level).await;
        deployment.connect(ANNA).await;
        deployment
    }

    /// Another process of a function in place of the one that there is.
    pub(super) async fn replace(&mut self, function: &'static str, level: &str) {
        let new = process(&self.wired, function, level).await;
        let old = self.processes.insert(function, new).unwrap();
        self.replaced.push((function, old.output()));
    }

    /// A function's process.
    pub(super) fn process(&self, function: &str) -> &FunctionProcess {
        &self.processes[function]
    }

    /// The processes, by their names.
    pub(super) fn processes(&self) -> impl Iterator<Item = (&'static str, &FunctionProcess)> {
        self.processes.iter().map(|(name, process)| (*name, &**process))
    }

    /// Knows a secret from now on, unless it is too short to be looked for.
    pub(super) fn keep(&mut self, kind: &'static str, secret: &str) {
        if secret.len() >= SHORTEST {
            self.known.insert((kind, secret.to_owned()));
        }
    }

    /// The answer to an event, which is kept with all that it brings.
    pub(super) async fn ask(&mut self, event: &Event) -> Answer {
        let path = path(event);
        let answer = self.process(function_of(&path)).ask(event).await;
        self.seen(&path, &answer);
        answer
    }

    /// The same, of a function that has little time.
    pub(super) async fn ask_in_trouble(&mut self, event: &Event) -> Answer {
        let path = path(event);
        let response = self.process(function_of(&path)).invoke(&event.json(), SHORT).await.unwrap();
        let answer = Answer::read(response).unwrap();
        self.seen(&path, &answer);
        answer
    }

    /// A browser's request for a path with a query, or for an absolute URL.
    pub(super) fn event(&self, target: &str) -> Event {
        let url = Url::parse("https://mail.example.com").unwrap().join(target).unwrap();
        let event = Event::get(url.path()).query(url.query().unwrap_or_default()).cookies(self.jar.cookies());
        event.header("accept", "application/json")
    }

    /// The answer to a browser's request for a path with a query, or for an absolute URL.
    pub(super) async fn get(&mut self, target: &str) -> Answer {
        let event = self.event(target);
        self.ask(&event).await
    }

    /// Takes note of an answer, and of what is in the table after it.
    pub(super) fn seen(&mut self, what: &str, answer: &Answer) {
        self.jar.apply(answer.cookies());
        for cookie in answer.cookies() {
            let (name, rest) = cookie.split_once('=').unwrap();
            let kind = if name.contains("session") { "session cookie" } else { "pending cookie" };
            self.keep(kind, rest.split(';').next().unwrap());
        }
        self.answers.push((what.to_owned(), answer.clone()));
        self.items.extend(self.wired.world.aws.items(TABLE).unwrap().iter().map(Value::to_string));
    }

    /// Begins an authorization and gives where Google sends the browser.
    pub(super) async fn consent(&mut self, query: &str, decision: &Decision) -> String {
        let answer = self.get(&format!("/authorize-url?{query}")).await;
        let url = answer.json().unwrap()["authorization_url"].as_str().unwrap().to_owned();
        self.keep_parameters(&url);
        let location = self.wired.world.consent(&url, decision);
        self.keep_parameters(&location);
        location
    }

    fn keep_parameters(&mut self, url: &str) {
        for (name, value) in Url::parse(url).unwrap().query_pairs() {
            match &*name {
                "state" => self.keep("state", &value),
                "nonce" => self.keep("nonce", &value),
                "code" => self.keep("code", &value),
                _ => {}
            }
        }
    }

    /// Connects an account, which is asked for consent.
    pub(super) async fn connect(&mut self, email: &str) {
        let location = self.consent("prompt=consent", &Decision::all(email)).await;
        let answer = self.get(&location).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
    }

    /// Waits until everything that was written is told.
    pub(super) async fn drained(&self) {
        if let Some(source) = &self.source {
            source.drained().await;
        }
    }

    /// Every secret that there is or was.
    pub(super) fn secrets(&mut self) -> BTreeSet<Secret> {
        for asked in self.wired.google.transcripts().iter().flat_map(|transcript| transcript.requests()) {
            for (name, value) in form_urlencoded::parse(&asked.body) {
                match &*name {
                    "code" => self.keep("code", &value),
                    "code_verifier" => self.keep("code verifier", &value),
                    "refresh_token" | "token" => self.keep("refresh token", &value),
                    _ => {}
                }
            }
        }
        for (kind, secret) in [given(&self.wired.google), given(&self.wired.aws)].concat() {
            self.keep(kind, &secret);
        }
        for token in self.wired.world.issued_tokens() {
            self.keep(kind_of(&token), &token);
        }
        self.known.clone()
    }
}

async fn process(wired: &Wired, function: &str, level: &str) -> Arc<FunctionProcess> {
    Arc::new(wired.process(function, &[("RUST_LOG", level), ("EVENT_BUS_NAME", BUS)]).await)
}

/// Hands batches of the table's stream to a process, and keeps them.
fn handler(process: Arc<FunctionProcess>, batches: Arc<Mutex<Vec<String>>>) -> Handler {
    Arc::new(move |event: String| {
        let (process, batches) = (process.clone(), batches.clone());
        Box::pin(async move {
            let batch = serde_json::from_str(&event)?;
            batches.lock().unwrap().push(event);
            Ok(process.invoke(&batch, PATIENCE).await?.to_string())
        })
    })
}

fn path(event: &Event) -> String {
    event.json()["rawPath"].as_str().unwrap().to_owned()
}

/// The function that has a path.
fn function_of(path: &str) -> &'static str {
    match path {
        "/authorize" | "/authorize-url" => "authorize-url",
        "/callback" => "callback",
        "/security-events" => "security-events",
        "/users" => "connection",
        path if path.ends_with("/connection") => "connection",
        _ => "list-messages",
    }
}

fn kind_of(token: &str) -> &'static str {
    match token.get(..2) {
        Some("ya") => "access token",
        Some("4/") => "code",
        _ => "refresh token",
    }
}

/// What a server gave out.
fn given(wire: &Wire) -> Vec<Secret> {
    let mut found = Vec::new();
    for transcript in wire.transcripts() {
        let said = String::from_utf8_lossy(&transcript.answers()).into_owned();
        for (name, kind) in GIVEN {
            for (at, key) in said.match_indices(&format!("\"{name}\":\"")) {
                let value = said[at + key.len()..].split('"').next().unwrap();
                found.push((kind, value.trim_end_matches('=').to_owned()));
            }
        }
    }
    found
}
