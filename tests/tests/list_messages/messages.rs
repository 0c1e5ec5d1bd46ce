//! Whole messages: as Gmail wrote them, through batches, and what could not be had by name.

use std::time::Duration;

use local::google::{Effect, Endpoint, GmailError};
use serde_json::{Value, json};
use tests::{
    http_client::http_client,
    world::{ANNA, World, sub},
};

use super::{connected, gmail_lists, ids, list, listing, mailbox_of, pages_asked, parts_asked};

/// Gmail's own answer to `messages.get`, to the byte.
async fn message(world: &World, id: &str, query: &str) -> String {
    let tokens = world.issued_tokens();
    let token = tokens.iter().find(|token| token.starts_with("ya29.")).unwrap();
    let url = format!("{}/gmail/v1/users/me/messages/{id}?{query}&prettyPrint=false", world.google.origin());
    let answer = http_client().unwrap().get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

/// Those that were asked for more than once, and how often.
fn asked_again(world: &World) -> Vec<usize> {
    parts_asked(world).into_values().filter(|count| *count > 1).collect()
}

#[tokio::test]
async fn each_entry_is_gmails_message_to_the_byte() {
    let world = mailbox_of(12).await;
    let all = gmail_lists(&world, "").await;
    for query in [
        "format=minimal",
        "format=metadata",
        "format=metadata&metadataHeaders=From&metadataHeaders=subject",
        "format=metadata&metadataHeaders=X-Not-There",
        "format=full",
    ] {
        world.clock.advance(Duration::from_secs(62));
        let answer = list(&world, query).await;
        let mut messages = Vec::new();
        for entry in &all {
            messages.push(message(&world, entry["id"].as_str().unwrap(), query).await);
        }
        let expected = format!("{{\"messages\":[{}],\"resultSizeEstimate\":12}}", messages.join(","));
        assert_eq!((answer.status(), answer.body()), (200, expected), "{query}");
    }
}

#[tokio::test]
async fn a_batch_holds_25_messages_or_10_whole_ones_at_most() {
    let world = mailbox_of(120).await;
    for format in ["minimal", "metadata", "full"] {
        world.clock.advance(Duration::from_secs(62));
        let listed = listing(&list(&world, &format!("format={format}")).await);
        assert_eq!(ids(&listed).len(), 120);
        assert_eq!(listed["errors"], Value::Null);
    }
    for batch in world.google.requests(Endpoint::Batch) {
        let parts = std::str::from_utf8(&batch.body).unwrap().matches("Content-Type: application/http").count();
        let most = if batch.body.windows(11).any(|window| window == b"format=full") { 10 } else { 25 };
        assert!((1..=most).contains(&parts), "{parts}");
        assert!(batch.headers["content-type"].to_str().unwrap().starts_with("multipart/mixed; boundary="));
        assert!(batch.headers["accept-encoding"].to_str().unwrap().contains("gzip"));
    }
    assert_eq!(parts_asked(&world).values().collect::<Vec<_>>(), vec![&3; 120]);
}

#[tokio::test]
async fn as_many_messages_as_were_asked_for_are_fetched_and_no_more() {
    let world = mailbox_of(80).await;
    let all: Vec<_> =
        gmail_lists(&world, "").await.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
    let first = listing(&list(&world, "format=minimal&maxResults=53").await);
    assert_eq!(ids(&first), all[..53]);
    assert_eq!(world.google.calls(Endpoint::BatchPart), 53);
    let token = first["nextPageToken"].as_str().unwrap();
    let rest = listing(&list(&world, &format!("format=full&pageToken={token}")).await);
    assert_eq!(ids(&rest), all[53..]);
    assert_eq!(world.google.calls(Endpoint::BatchPart), 80);
}

#[tokio::test]
async fn what_failed_for_now_is_tried_again_apart_from_what_succeeded() {
    let rate = [GmailError::TooManyRequests, GmailError::RateLimitExceeded, GmailError::UserRateLimitExceeded];
    let trouble = [GmailError::TooManyConcurrentRequests, GmailError::BackendError];
    let world = mailbox_of(40).await;
    for error in rate.into_iter().chain(trouble) {
        world.google.faults().inject_times(Endpoint::BatchPart, 1, Effect::Gmail(error));
    }
    let unavailable = Effect::Status { status: 503, body: None, headers: vec![] };
    world.google.faults().inject_times(Endpoint::BatchPart, 1, unavailable);
    let started = std::time::Instant::now();
    let listed = listing(&list(&world, "format=minimal").await);
    assert!(started.elapsed() >= Duration::from_secs(1), "Gmail is left alone for a second");
    assert_eq!((ids(&listed).len(), &listed["errors"]), (40, &Value::Null));
    assert!(listed["messages"].as_array().unwrap().iter().all(|message| message["snippet"].is_string()));
    assert_eq!(asked_again(&world), [2; 6]);
    assert_eq!((pages_asked(&world).len(), world.random.waits()), (1, 1));
}

#[tokio::test]
async fn what_fails_to_the_end_is_named_in_its_place() {
    let world = mailbox_of(10).await;
    let all = gmail_lists(&world, "").await;
    let later = vec![("Retry-After".to_owned(), "3600".to_owned())];
    let body = Some(GmailError::UserRateLimitExceeded.body().to_string());
    let limited = Effect::Status { status: 403, body, headers: later };
    world.google.faults().inject_times(Endpoint::BatchPart, 2, limited);
    let listed = listing(&list(&world, "format=minimal").await);
    let messages = listed["messages"].as_array().unwrap();
    assert_eq!(messages[..2], all[..2], "identifiers stay");
    assert!(messages[2..].iter().all(|message| message["snippet"].is_string()));
    let named = |entry: &Value| json!({ "id": entry["id"], "status": 403, "reason": "userRateLimitExceeded" });
    assert_eq!(listed["errors"], json!([named(&all[0]), named(&all[1])]));
    assert_eq!(listed["nextPageToken"], Value::Null);
    assert_eq!(asked_again(&world), [0; 0]);
}

#[tokio::test]
async fn a_message_deleted_between_list_and_get_keeps_its_place_and_is_named() {
    let world = mailbox_of(30).await;
    let all = gmail_lists(&world, "").await;
    let gone = [0, 13, 29].map(|place| all[place]["id"].as_str().unwrap().to_owned());
    // The batches wait so that the messages go after the list and before the batch.
    world.google.faults().inject_times(Endpoint::Batch, 2, Effect::Delay(Duration::from_millis(300)));
    let asked = list(&world, "format=metadata");
    let deleted = async {
        while world.google.calls(Endpoint::Batch) == 0 {
            tokio::task::yield_now().await;
        }
        for id in &gone {
            world.google.delete_message(&sub(ANNA), id);
        }
    };
    let (answer, ()) = tokio::join!(asked, deleted);
    let listed = listing(&answer);
    let messages = listed["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 30);
    for (message, entry) in messages.iter().zip(&all) {
        let is_gone = gone.iter().any(|id| entry["id"] == *id);
        assert_eq!(message["id"], entry["id"]);
        assert_eq!(*message == *entry, is_gone, "{message}");
    }
    let errors = gone.map(|id| json!({ "id": id, "status": 404, "reason": "notFound" }));
    assert_eq!(listed["errors"], json!(errors));
    assert_eq!(asked_again(&world), [0; 0]);
}

#[tokio::test]
async fn when_every_message_is_gone_the_answer_says_so() {
    let world = mailbox_of(3).await;
    let gone = Effect::Status { status: 404, body: None, headers: vec![] };
    world.google.faults().inject_times(Endpoint::BatchPart, 3, gone);
    let listed = listing(&list(&world, "format=minimal").await);
    assert_eq!(listed["messages"], json!(gmail_lists(&world, "").await));
    let statuses: Vec<_> = listed["errors"].as_array().unwrap().iter().map(|error| &error["status"]).collect();
    assert_eq!(statuses, [404; 3]);
}

#[tokio::test]
async fn a_listing_ends_before_the_minutes_quota_does_and_its_token_continues() {
    let world = mailbox_of(700).await;
    let all: Vec<_> =
        gmail_lists(&world, "").await.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
    let (mut seen, mut token, mut answers) = (Vec::new(), String::new(), 0);
    loop {
        world.clock.advance(Duration::from_secs(62));
        let before = world.google.quota_units(&sub(ANNA));
        let from = if token.is_empty() { String::new() } else { format!("&pageToken={token}") };
        let answer = list(&world, &format!("format=minimal{from}")).await;
        let page = listing(&answer);
        let spent = world.google.quota_units(&sub(ANNA)) - before;
        assert_eq!(answer.header("x-gmail-quota-units"), Some(spent.to_string().as_str()));
        assert_eq!(answer.header("retry-after").is_some(), page["nextPageToken"].is_string());
        assert!(spent <= 6_000, "{spent}");
        assert_eq!(page["errors"], Value::Null);
        seen.extend(ids(&page));
        answers += 1;
        match page["nextPageToken"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
        assert!(ids(&page).len() >= 290, "most of the minute's quota is used: {}", ids(&page).len());
    }
    assert_eq!((seen, answers), (all, 3));
}

#[tokio::test]
async fn identifiers_cost_so_little_that_no_quota_ends_them() {
    let world = connected().await;
    list(&world, "").await;
    assert_eq!(world.google.quota_units(&sub(ANNA)), 5);
}
