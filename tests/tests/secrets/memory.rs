//! What is in the memory of a process after its requests, as its parent or a core would show it.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tests::{
    event::Event,
    secrets_search::SHORTEST,
    security_event::{about, post, saying},
    world::{ANNA, BASE_URL, sub},
};
use url::form_urlencoded::byte_serialize;

use super::deployment::{Deployment, Secret};

/// What each function has after any number of requests, and has to have: the credentials of its role, which Lambda gives it in
/// its environment; the client secret; the data keys of users whose access token it has just opened or renewed; and where mail is listed,
/// the last access token, in a buffer of the connection to Gmail. Besides, in no form that is looked for here, the keys
/// that seal cookies.
const KEPT: [(&str, &[&str]); 5] = [
    ("authorize-url", &["AWS secret access key", "client secret"]),
    ("callback", &["AWS secret access key", "client secret", "data key"]),
    ("connection", &["AWS secret access key", "client secret"]),
    ("list-messages", &["AWS secret access key", "access token", "client secret", "data key"]),
    ("security-events", &["AWS secret access key", "client secret"]),
];

/// All that a process may write to.
fn memory(process: u32) -> Vec<u8> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut all = Vec::new();
    for range in maps.lines().filter(|line| line.contains(" rw")).filter_map(|line| line.split(' ').next()) {
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|number| u64::from_str_radix(number, 16).unwrap());
        memory.seek(SeekFrom::Start(from)).unwrap();
        // A region of the kernel's own is listed and cannot be read.
        let _ = (&mut memory).take(to - from).read_to_end(&mut all);
    }
    assert!(all.len() > 100_000, "{} bytes", all.len());
    all
}

/// A secret as it is, as in a form, and as the bytes of a key.
fn forms((kind, secret): &Secret) -> Vec<Vec<u8>> {
    let mut forms =
        vec![secret.clone().into_bytes(), byte_serialize(secret.as_bytes()).collect::<String>().into_bytes()];
    if *kind == "data key" {
        forms.push(STANDARD.decode(format!("{secret}=")).unwrap());
    }
    forms
}

/// The kinds of secrets that are there; a user's id is none, and names the data key that is kept.
fn kinds(memory: &[u8], secrets: &BTreeSet<Secret>) -> BTreeSet<&'static str> {
    let mut by_start: HashMap<&[u8], Vec<(&'static str, &[u8])>> = HashMap::new();
    let secrets = secrets.iter().filter(|(kind, _)| *kind != "subject");
    let all: Vec<_> = secrets.flat_map(|secret| forms(secret).into_iter().map(|form| (secret.0, form))).collect();
    let mut begins = vec![false; 1 << 16];
    let pair = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    for (kind, form) in &all {
        by_start.entry(&form[..SHORTEST]).or_default().push((kind, form));
        begins[pair(form)] = true;
    }
    let mut found = BTreeSet::new();
    for at in 0..memory.len() - SHORTEST {
        if begins[pair(&memory[at..])] {
            let candidates = by_start.get(&memory[at..at + SHORTEST]).into_iter().flatten();
            let here = candidates.filter(|(_, form)| memory[at..].starts_with(form));
            found.extend(here.map(|(kind, _)| *kind));
        }
    }
    found
}

impl Deployment {
    /// What is in the memory of a function that waits for its next request, after so many.
    async fn kept(&self, function: &str, requests: u64, secrets: &BTreeSet<Secret>) -> BTreeSet<&'static str> {
        let process = self.process(function);
        assert!(process.asks(requests + 1).await.is_some());
        kinds(&memory(process.id()), secrets)
    }
}

#[tokio::test]
async fn a_function_keeps_of_its_requests_what_it_has_to_and_nothing_else() {
    let functions = KEPT.map(|(function, _)| function);
    let mut deployment = Deployment::with_anna(&functions, "info").await;
    let back = deployment.consent("", &local::google::Decision::all(ANNA)).await;
    for target in [back.as_str(), "/messages", "/messages?format=full", "/connection", "/connection"] {
        assert!(deployment.get(target).await.status() < 400);
    }
    let told = saying(&deployment.wired.world, "oauth", "tokens-revoked", &about(ANNA));
    deployment.keep("security event token", &told);
    assert_eq!(deployment.ask(&post(&told)).await.status(), 202);
    // One that does not come back, and one whose answer is an error.
    deployment.connect(ANNA).await;
    deployment.get("/authorize").await;
    assert_eq!(deployment.get(&back).await.status(), 400);
    assert_eq!(deployment.ask(&Event::get(&format!("/users/{}/messages", sub(ANNA))).iam()).await.status(), 200);
    let disconnect = Event::delete("/connection").cookies(deployment.jar.cookies()).header("origin", BASE_URL);
    assert_eq!(deployment.ask(&disconnect).await.status(), 200);
    let secrets = deployment.secrets();
    let requests = [4, 4, 3, 3, 1];
    for ((function, kept), requests) in KEPT.iter().zip(requests) {
        let found = deployment.kept(function, requests, &secrets).await;
        assert_eq!(found, kept.iter().copied().collect(), "{function}");
    }
}

/// What is looked for above is there while it is needed.
#[tokio::test]
async fn a_secret_is_in_memory_while_its_request_is_under_way_and_not_after_it() {
    let mut deployment = Deployment::start(&["authorize-url", "callback"], "info").await;
    let location = deployment.consent("", &local::google::Decision::all(ANNA)).await;
    let event = deployment.event(&location);
    let mut gate = deployment.wired.world.aws.faults().hold("DynamoDB.TransactWriteItems");
    let answered = {
        let process = deployment.process("callback");
        let look = async {
            gate.reached().await;
            let memory = memory(process.id());
            gate.release();
            memory
        };
        futures_util::future::join(process.ask(&event), look).await
    };
    let (answer, under_way) = answered;
    assert_eq!(answer.status(), 200);
    let secrets = deployment.secrets();
    let there = kinds(&under_way, &secrets);
    for kind in ["access token", "code", "code verifier", "pending cookie", "refresh token", "state"] {
        assert!(there.contains(kind), "{kind} is not among {there:?}");
    }
    let after = deployment.kept("callback", 1, &secrets).await;
    assert_eq!(after, BTreeSet::from(["AWS secret access key", "client secret"]));
}
