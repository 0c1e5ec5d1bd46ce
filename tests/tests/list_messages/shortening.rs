//! A place within a page whose entries do not fit into a token: the listing goes on exactly there all the same.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tests::world::ANNA;

use super::{
    connected, ids, listing, of,
    stub::{in_order, serve},
};

const COUNT: usize = 700;
/// Odd, so that each place has an identifier of its own, far from its neighbours'.
const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;
/// New mail that comes before the page is asked for again.
const NEW: usize = 3;

/// A Gmail whose identifiers are far apart, and that refuses all batches but the first until it is opened.
#[derive(Default)]
struct Gmail {
    batches: AtomicUsize,
    open: AtomicBool,
    first_pages: AtomicUsize,
}

fn id(place: usize) -> String {
    format!("{:016x}", (place as u64).wrapping_mul(SCATTER))
}

async fn list(State(gmail): State<Arc<Gmail>>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let query = query.unwrap_or_default();
    let number = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.parse::<usize>().unwrap())
    };
    let size = number("maxResults").unwrap();
    let (from, new) = match number("pageToken") {
        Some(from) => (from, 0),
        None if gmail.first_pages.fetch_add(1, Ordering::SeqCst) == 0 => (0, 0),
        None => (0, NEW),
    };
    let end = (from + size - new).min(COUNT);
    let entry = |place| json!({ "id": id(place), "threadId": id(place + 100_000) });
    let places = (0..new).map(|new| 50_000 + new).chain(from..end);
    let mut page = json!({ "messages": places.map(entry).collect::<Value>(), "resultSizeEstimate": 201 });
    if end < COUNT {
        page["nextPageToken"] = json!(end.to_string());
    }
    axum::Json(page)
}

async fn batch(State(gmail): State<Arc<Gmail>>, body: String) -> Response {
    if gmail.batches.fetch_add(1, Ordering::SeqCst) > 0 && !gmail.open.load(Ordering::SeqCst) {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let asked = body.lines().filter_map(|line| line.strip_prefix("GET /gmail/v1/users/me/messages/"));
    let answers = asked.enumerate().map(|(index, rest)| {
        let message = json!({ "id": rest[..16], "threadId": "t", "snippet": "" });
        (index, (200, message.to_string()))
    });
    let (content_type, body) = in_order(answers.collect());
    ([(CONTENT_TYPE, content_type)], body).into_response()
}

#[tokio::test]
async fn a_page_whose_rest_fits_into_no_token_is_ended_sooner() {
    let world = connected().await;
    let gmail = Arc::new(Gmail::default());
    let (origin, server) = serve(get(list), post(batch), gmail.clone()).await;
    let variables = [
        ("GMAIL_BASE_URL", origin.as_str()),
        ("GMAIL_QUOTA_UNITS_PER_MINUTE", "1000000"),
        ("GMAIL_BATCHES_AT_ONCE", "1"),
    ];
    let instance = world.instance_with(&variables).await.unwrap();

    let query = "format=minimal";
    let limit = std::time::Duration::from_secs(1);
    let first = listing(&instance.send_within(&of(ANNA, query), limit).await);
    assert_eq!((ids(&first).len(), &first["errors"]), (25, &Value::Null));
    let token = first["nextPageToken"].as_str().unwrap();
    assert!(token.starts_with('~') && (6_000..=7_000).contains(&token.len()), "{}", token.len());
    assert_eq!(gmail.first_pages.load(Ordering::SeqCst), 2, "the page is asked for once more");

    gmail.open.store(true, Ordering::SeqCst);
    let rest = listing(&instance.send(&of(ANNA, &format!("{query}&pageToken={token}"))).await);
    assert_eq!([ids(&first), ids(&rest)].concat(), (0..COUNT).map(id).collect::<Vec<_>>());
    server.abort();
}
