//! All functions, each a process on a wire, and everything that is seen of them.

use std::collections::{BTreeMap, BTreeSet};

use local::{aws::SECRET_ACCESS_KEY, google::Decision};
use serde_json::Value;
use tests::{
    answer::Answer,
    cookie_jar::CookieJar,
    event::Event,
    runtime_api::FunctionProcess,
    secrets_search::SHORTEST,
    world::{ANNA, CLIENT_SECRET, COOKIE_KEY, TABLE, Wired},
};
use url::{Url, form_urlencoded};

/// Every function.
pub(super) const FUNCTIONS: [&str; 6] =
    ["authorize-url", "callback", "list-messages", "connection", "security-events", "connection-events"];
/// The bus that connections are told on.
pub(super) const BUS: &str = "connections";

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
    processes: BTreeMap<&'static str, FunctionProcess>,
    pub(super) jar: CookieJar,
    known: BTreeSet<Secret>,
    /// Each answer, with what was asked.
    pub(super) answers: Vec<(String, Answer)>,
    /// Every item that was ever seen in the table.
    pub(super) items: BTreeSet<String>,
}

impl Deployment {
    /// The processes of these functions, which log at that level.
    pub(super) async fn start(functions: &[&'static str], level: &str) -> Self {
        let wired = Wired::start().await;
        wired.world.aws.event_bus().create(BUS);
        let mut processes = BTreeMap::new();
        for name in functions {
            let process = wired.process(name, &[("RUST_LOG", level), ("EVENT_BUS_NAME", BUS)]).await;
            processes.insert(*name, process);
        }
        let mut deployment = Self {
            wired,
            processes,
            jar: CookieJar::default(),
            known: BTreeSet::new(),
            answers: Vec::new(),
            items: BTreeSet::new(),
        };
        deployment.keep("client secret", CLIENT_SECRET);
        deployment.keep("cookie key", COOKIE_KEY);
        deployment.keep("AWS secret access key", SECRET_ACCESS_KEY);
        deployment
    }

    /// A function's process.
    pub(super) fn process(&self, function: &str) -> &FunctionProcess {
        &self.processes[function]
    }

    /// The processes, by their names.
    pub(super) fn processes(&self) -> impl Iterator<Item = (&'static str, &FunctionProcess)> {
        self.processes.iter().map(|(name, process)| (*name, process))
    }

    /// Knows a secret from now on, unless it is empty or too short to be looked for.
    pub(super) fn keep(&mut self, kind: &'static str, secret: &str) {
        if secret.len() >= SHORTEST {
            self.known.insert((kind, secret.to_owned()));
        }
    }

    /// The answer to an event, which is kept with all that it brings.
    pub(super) async fn ask(&mut self, event: &Event) -> Answer {
        let json = event.json();
        let path = json["rawPath"].as_str().unwrap().to_owned();
        let answer = self.process(function_of(&path)).ask(event).await;
        self.seen(&path, &answer);
        answer
    }

    /// A browser's request for a path with a query, or for an absolute URL; keeps the cookies.
    pub(super) async fn get(&mut self, target: &str) -> Answer {
        let url = Url::parse("https://mail.example.com").unwrap().join(target).unwrap();
        let event = Event::get(url.path()).query(url.query().unwrap_or_default()).cookies(self.jar.cookies());
        self.ask(&event.header("accept", "application/json")).await
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

    /// Anna, connected.
    pub(super) async fn with_anna(functions: &[&'static str], level: &str) -> Self {
        let mut deployment = Self::start(functions, level).await;
        deployment.connect(ANNA).await;
        deployment
    }

    /// Every secret that there is or was.
    pub(super) fn secrets(&mut self) -> BTreeSet<Secret> {
        let sent: Vec<_> = self.wired.google.transcripts().iter().flat_map(|it| it.requests()).collect();
        for (name, value) in sent.iter().flat_map(|asked| form_urlencoded::parse(&asked.body).into_owned()) {
            match name.as_str() {
                "code" => self.keep("code", &value),
                "code_verifier" => self.keep("code verifier", &value),
                "refresh_token" | "token" => self.keep("refresh token", &value),
                _ => {}
            }
        }
        for wire in [&self.wired.google, &self.wired.aws] {
            let said: Vec<_> = wire.transcripts().iter().map(|transcript| transcript.answers()).collect();
            for (kind, value) in said.iter().flat_map(|said| given(&String::from_utf8_lossy(said))) {
                if value.len() >= SHORTEST {
                    self.known.insert((kind, value));
                }
            }
        }
        for token in self.wired.world.issued_tokens() {
            let kind = if token.starts_with("ya29.") { "access token" } else if token.starts_with("4/") { "code" } else { "refresh token" };
            self.keep(kind, &token);
        }
        self.known.clone()
    }
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

/// What answers gave out.
fn given(said: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    for (name, kind) in GIVEN {
        for (at, key) in said.match_indices(&format!("\"{name}\":\"")) {
            let rest = &said[at + key.len()..];
            let value = rest.split('"').next().unwrap_or_default();
            found.push((kind, value.trim_end_matches('=').to_owned()));
        }
    }
    found
}
