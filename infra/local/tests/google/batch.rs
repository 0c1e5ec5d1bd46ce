//! The batch endpoint.

use local::google::{Effect, Endpoint, GmailError};
use serde_json::Value;

use super::support::*;

/// A part of the answer: its Content-ID, status and body.
type Part = (String, u16, Value);

fn body(ids: &[String]) -> String {
    let part = |(place, id): (usize, &String)| {
        format!(
            "--b\r\nContent-Type: application/http\r\nContent-ID: <item-{place}>\r\n\r\n\
             GET /gmail/v1/users/me/messages/{id}?format=minimal&prettyPrint=false HTTP/1.1\r\n\r\n\r\n"
        )
    };
    ids.iter().enumerate().map(part).collect::<String>() + "--b--\r\n"
}

async fn send(world: &World, token: &str, body: String) -> (u16, String, String) {
    let request = world.http.post(format!("{}/batch/gmail/v1", world.origin)).bearer_auth(token);
    let response = request.header("Content-Type", "multipart/mixed; boundary=\"b\"").body(body).send().await.unwrap();
    let (status, kind) = (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap().to_owned());
    (status, kind, response.text().await.unwrap())
}

async fn batch(world: &World, token: &str, ids: &[String]) -> Vec<Part> {
    let (status, kind, text) = send(world, token, body(ids)).await;
    assert_eq!(status, 200, "{text}");
    let boundary = format!("--{}", kind.split_once("boundary=").unwrap().1);
    text.split(&boundary).filter(|part| part.contains("HTTP/1.1")).map(part).collect()
}

fn part(text: &str) -> Part {
    let (outer, inner) = text.split_once("\r\n\r\n").unwrap();
    let id = outer.lines().find_map(|line| line.strip_prefix("Content-ID: ")).unwrap();
    let (head, body) = inner.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (id.to_owned(), status, serde_json::from_str(body).unwrap_or_default())
}

async fn some(world: &World, token: &str, count: usize) -> Vec<String> {
    ids(&world.gmail(token, &format!("?maxResults={count}")).await.1)
}

#[tokio::test]
async fn every_call_is_answered_under_its_content_id_in_any_order() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let mut ids = some(&world, &token, 3).await;
    ids.push("18ffffffffffffff".to_owned());
    let answers = batch(&world, &token, &ids).await;
    assert_eq!(answers.len(), 4);
    assert_ne!(answers[0].0, "<response-item-0>", "the order is not the one that was asked");
    for (place, id) in ids.iter().enumerate() {
        let (_, status, body) = answers.iter().find(|(name, ..)| *name == format!("<response-item-{place}>")).unwrap();
        if place == 3 {
            assert_eq!((*status, reason(body)), (404, "notFound"));
        } else {
            assert_eq!((*status, body["id"].as_str().unwrap()), (200, id.as_str()));
        }
    }
    assert_eq!((world.google.calls(Endpoint::Batch), world.google.calls(Endpoint::BatchPart)), (1, 4));
}

#[tokio::test]
async fn more_than_a_hundred_calls_are_refused_as_a_whole() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let ids = some(&world, &token, 101).await;
    let (status, _, text) = send(&world, &token, body(&ids)).await;
    assert_eq!(status, 400);
    assert!(text.contains("Inner request count exceeds the limit"), "{text}");
}

#[tokio::test]
async fn calls_past_the_most_at_once_are_too_many() {
    let world = world().await;
    world.google.set_gmail_concurrency(50);
    let token = world.access_token(ANNA).await;
    let ids = some(&world, &token, 60).await;
    let answers = batch(&world, &token, &ids).await;
    let refused: Vec<_> = answers.iter().filter(|(_, status, _)| *status == 429).collect();
    assert_eq!(refused.len(), 10);
    assert_eq!(world.google.gmail_calls(), (61, 10), "the list is one");
    assert_eq!(refused[0].2["error"]["message"], "Too many concurrent requests for user");
    assert!(batch(&world, &token, &ids[..50]).await.iter().all(|(_, status, _)| *status == 200), "leave is given back");
}

#[tokio::test]
async fn each_call_of_a_batch_costs_its_units() {
    let world = world().await;
    let (token, anna) = (world.access_token(ANNA).await, sub(ANNA));
    let ids = some(&world, &token, 50).await;
    for _ in 0..5 {
        assert!(batch(&world, &token, &ids).await.iter().all(|(_, status, _)| *status == 200));
    }
    let last = batch(&world, &token, &ids).await;
    let refused: Vec<_> = last.iter().filter(|(_, status, _)| *status == 403).collect();
    assert_eq!(refused.len(), 1, "a list and 299 messages leave 15 units");
    assert_eq!(reason(&refused[0].2), "userRateLimitExceeded");
    assert_eq!(world.google.quota_units(&anna), 5 + 299 * 20);
}

#[tokio::test]
async fn a_bad_token_fails_every_call_and_not_the_batch() {
    let world = world().await;
    let answers = batch(&world, "ya29.nothing", &["18ffffffffffffff".to_owned()]).await;
    assert_eq!((answers[0].1, reason(&answers[0].2)), (401, "authError"));
}

#[tokio::test]
async fn a_fault_can_strike_single_calls_of_a_batch() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let ids = some(&world, &token, 3).await;
    world.google.faults().inject_times(Endpoint::BatchPart, 1, Effect::Gmail(GmailError::TooManyRequests));
    let statuses: Vec<_> = batch(&world, &token, &ids).await.into_iter().map(|(_, status, _)| status).collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn a_body_that_is_no_batch_is_refused() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    for body in ["", "--b--", "--b\r\nContent-Type: text/plain\r\n\r\nGET / HTTP/1.1\r\n\r\n--b--"] {
        assert_eq!(send(&world, &token, body.to_owned()).await.0, 400, "{body}");
    }
}
