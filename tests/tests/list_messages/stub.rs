//! A Gmail that answers as a test says, also as the real one should not.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::header::CONTENT_TYPE,
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};
use serde_json::{Value, json};
use tests::world::{ANNA, Instance, World};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{connected, ids, listing, of};

/// One answer inside a batch: its status and body.
pub(super) type Inner = (u16, String);

/// Makes the whole answer to a batch, content type and body, from each part's place and answer.
pub(super) type Batch = fn(Vec<(usize, Inner)>) -> (&'static str, String);

/// What a stub is made of.
pub(super) struct Script {
    /// How many messages there are.
    pub(super) count: usize,
    /// What each is answered with, by its place.
    pub(super) message: Box<dyn Fn(usize) -> Inner + Send + Sync>,
    /// How a batch is answered.
    pub(super) batch: Batch,
    /// The most entries of a page, fewer than may be asked for; every other page is empty then.
    pub(super) sparse: Option<usize>,
}

impl Script {
    /// Messages that are answered as they should be.
    pub(super) fn new(count: usize, message: impl Fn(usize) -> Inner + Send + Sync + 'static) -> Self {
        Self { count, message: Box::new(message), batch: in_order, sparse: None }
    }
}

/// A running stub, and an instance that lists from it.
pub(super) struct Stub {
    pub(super) world: World,
    pub(super) instance: Arc<Instance>,
    gmail: Arc<Gmail>,
    server: JoinHandle<()>,
}

struct Gmail {
    script: Script,
    /// The places that each batch asked for.
    batches: Mutex<Vec<Vec<usize>>>,
}

/// The identifier of the message at a place; every third one's thread is another's.
pub(super) fn id(place: usize) -> String {
    format!("{:016x}", 0x18c0_0000_0000_0000_u64 - place as u64)
}

fn entry(place: usize) -> Value {
    json!({ "id": id(place), "threadId": id(place + usize::from(place.is_multiple_of(3))) })
}

/// A message of about that many bytes.
pub(super) fn message(place: usize, size: usize) -> Inner {
    let entry = entry(place);
    (200, format!("{{\"id\":{},\"threadId\":{},\"snippet\":\"{}\"}}", entry["id"], entry["threadId"], "x".repeat(size)))
}

pub(super) fn in_order(answers: Vec<(usize, Inner)>) -> (&'static str, String) {
    let parts: String = answers.into_iter().map(|(index, inner)| part(index, &inner)).collect();
    ("multipart/mixed; boundary=b_1", format!("{parts}--b_1--\r\n"))
}

pub(super) fn part(index: usize, (status, body): &Inner) -> String {
    format!(
        "--b_1\r\nContent-Type: application/http\r\nContent-ID: <response-{index}>\r\n\r\n\
         HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n\r\n{body}\r\n"
    )
}

/// Serves a Gmail of those two answers: its origin, and what serves it until it is aborted.
pub(super) async fn serve<S: Clone + Send + Sync + 'static>(
    list: MethodRouter<S>,
    batch: MethodRouter<S>,
    state: S,
) -> (String, JoinHandle<()>) {
    let router = Router::new().route("/gmail/v1/users/me/messages", list).route("/batch/gmail/v1", batch);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    (origin, tokio::spawn(async move { axum::serve(listener, router.with_state(state)).await.unwrap() }))
}

impl Stub {
    pub(super) async fn start(script: Script) -> Self {
        let world = connected().await;
        let gmail = Arc::new(Gmail { script, batches: Mutex::default() });
        let (origin, server) = serve(get(list), post(batch), gmail.clone()).await;
        let instance = world.instance_with(&[("GMAIL_BASE_URL", &origin)]).await.unwrap();
        Self { world, instance, gmail, server }
    }

    /// The places that each batch asked for so far.
    pub(super) fn batches(&self) -> Vec<Vec<usize>> {
        self.gmail.batches.lock().unwrap().clone()
    }

    /// Every answer from the first, or from the query's `pageToken` at its end, to the last.
    pub(super) async fn walk(&self, query: &str) -> Vec<Value> {
        let (bare, mut from) = query
            .split_once("&pageToken=")
            .map_or((query, String::new()), |(bare, token)| (bare, format!("&pageToken={token}")));
        let mut pages = Vec::<Value>::new();
        loop {
            let answer = self.instance.send(&of(ANNA, &format!("{bare}{from}"))).await;
            assert!(answer.body().len() <= 5 * 1024 * 1024, "{}", answer.body().len());
            let page = listing(&answer);
            assert!(!ids(&page).is_empty(), "every answer goes on by a message");
            from = page["nextPageToken"].as_str().map(|token| format!("&pageToken={token}")).unwrap_or_default();
            pages.push(page);
            if from.is_empty() {
                return pages;
            }
        }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn list(State(gmail): State<Arc<Gmail>>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let query = query.unwrap_or_default();
    let number = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.parse::<usize>().unwrap())
    };
    // The last digit tells whether an empty page comes first.
    let token = number("pageToken").unwrap_or(usize::from(gmail.script.sparse.is_some()));
    let (from, empty) = (token / 10, token % 10 == 1);
    if empty {
        return axum::Json(json!({ "nextPageToken": (from * 10).to_string(), "resultSizeEstimate": 201 }));
    }
    let size = number("maxResults").unwrap().min(gmail.script.sparse.unwrap_or(500));
    let end = (from + size).min(gmail.script.count);
    let mut page = json!({ "messages": (from..end).map(entry).collect::<Value>(), "resultSizeEstimate": 201 });
    if end < gmail.script.count {
        page["nextPageToken"] = json!((end * 10 + usize::from(gmail.script.sparse.is_some())).to_string());
    }
    axum::Json(page)
}

async fn batch(State(gmail): State<Arc<Gmail>>, body: String) -> impl IntoResponse {
    let place = |id: &str| 0x18c0_0000_0000_0000 - u64::from_str_radix(id, 16).unwrap();
    let asked = body.lines().filter_map(|line| line.strip_prefix("GET /gmail/v1/users/me/messages/"));
    let places: Vec<_> = asked.map(|rest| usize::try_from(place(&rest[..16])).unwrap()).collect();
    gmail.batches.lock().unwrap().push(places.clone());
    let answers = places.iter().enumerate().map(|(index, place)| (index, (gmail.script.message)(*place)));
    let (content_type, body) = (gmail.script.batch)(answers.collect());
    ([(CONTENT_TYPE, content_type)], body)
}
