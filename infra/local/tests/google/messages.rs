//! `messages.list` and `messages.get`.

use std::{
    collections::HashSet,
    io::Read,
    time::{Duration, Instant},
};

use flate2::read::GzDecoder;
use local::google::Endpoint;
use serde_json::{Value, json};

use super::support::*;

#[tokio::test]
async fn a_list_holds_a_hundred_messages_and_at_most_five_hundred() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    for (asked, held) in [("", 100), ("?maxResults=7", 7), ("?maxResults=500", 500), ("?maxResults=5000", 500)] {
        assert_eq!(ids(&world.gmail(&token, asked).await.1).len(), held, "{asked}");
    }
    let (status, body) = world.gmail(&token, "?maxResults=many").await;
    assert_eq!((status, &body["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
}

#[tokio::test]
async fn an_empty_list_has_no_messages_field_at_all() {
    let world = world().await;
    let token = world.access_token(EMPTY).await;
    assert_eq!(world.gmail(&token, "").await.1, json!({ "resultSizeEstimate": 0 }));
    let anna = world.access_token(ANNA).await;
    assert_eq!(world.gmail(&anna, "?q=nothinglikethis").await.1, json!({ "resultSizeEstimate": 0 }));
}

#[tokio::test]
async fn all_pages_hold_every_message_once() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let (ids, pages) = world.all_ids(&token, "maxResults=500").await;
    assert_eq!((ids.len(), pages), (MAILBOX_SIZE, 3));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), MAILBOX_SIZE);
    assert_eq!(world.all_ids(&token, "maxResults=617").await.0, ids, "a last page that is full is still the last");
    let (with_aside, _) = world.all_ids(&token, "maxResults=500&includeSpamTrash=true").await;
    assert_eq!(with_aside.len(), MAILBOX_SIZE + 5);
    assert!(world.gmail(&token, "").await.1["resultSizeEstimate"].as_u64().unwrap() < 1_000, "it is an estimate");
}

#[tokio::test]
async fn paging_goes_on_where_it_was_while_mail_arrives_and_goes() {
    let world = world().await;
    let (token, anna) = (world.access_token(ANNA).await, sub(ANNA));
    let (before, _) = world.all_ids(&token, "maxResults=500").await;
    let first = world.gmail(&token, "?maxResults=10").await.1;
    world.google.deliver(&anna, 25);
    world.google.delete_message(&anna, &before[10]);
    let next = first["nextPageToken"].as_str().unwrap();
    let second = world.gmail(&token, &format!("?maxResults=10&pageToken={next}")).await.1;
    assert_eq!(ids(&second), before[11..21]);
    let (after, _) = world.all_ids(&token, "maxResults=500").await;
    assert_eq!(after.len(), MAILBOX_SIZE + 25 - 1);
    assert_eq!(after[25], before[0]);
}

#[tokio::test]
async fn mail_arrives_in_an_empty_mailbox() {
    let world = world().await;
    let token = world.access_token(EMPTY).await;
    world.google.deliver(&sub(EMPTY), 2);
    assert_eq!(ids(&world.gmail(&token, "?includeSpamTrash=true").await.1).len(), 2);
    world.google.set_mailbox_size(&sub(EMPTY), 9);
    assert_eq!(ids(&world.gmail(&token, "").await.1).len(), 9);
}

#[tokio::test]
async fn a_page_token_belongs_to_its_query_and_account() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let first = world.gmail(&token, "?q=is:unread&maxResults=5").await.1;
    let next = first["nextPageToken"].as_str().unwrap();
    assert_eq!(world.gmail(&token, &format!("?q=is:unread&pageToken={next}")).await.0, 200);
    for wrong in [format!("?pageToken={next}"), format!("?q=is:read&pageToken={next}"), "?pageToken=2".to_owned()] {
        let (status, body) = world.gmail(&token, &wrong).await;
        assert_eq!((status, &body["error"]["message"]), (400, &json!("Invalid pageToken")), "{wrong}");
    }
    let other = world.access_token(EMPTY).await;
    assert_eq!(world.gmail(&other, &format!("?q=is:unread&pageToken={next}")).await.0, 400);
}

#[tokio::test]
async fn queries_and_labels_select_messages() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let count = |query: &'static str| {
        let (world, token) = (&world, &token);
        async move { world.all_ids(token, &format!("maxResults=500&{query}")).await.0.len() }
    };
    let all = MAILBOX_SIZE;
    let unread = count("q=is:unread").await;
    assert!(unread > 0 && unread < all);
    assert_eq!(count("q=-is:unread").await, all - unread);
    assert_eq!(count("q=is:read").await, all - unread);
    assert_eq!(count("labelIds=UNREAD").await, unread);
    assert_eq!(count("q=in:inbox").await + count("q=in:sent").await, all);
    assert_eq!((count("q=in:spam").await, count("labelIds=TRASH").await), (3, 2));
    assert_eq!(count("q=in:anywhere").await, all + 5);
    assert!(count("labelIds=UNREAD&labelIds=INBOX").await <= unread);
    assert!(count("q=from:yael.levi").await > 0);
    assert!(count("q=subject:%22Spring+sale%22").await > 0);
    assert!(count("q=%D7%AA%D7%9E%D7%95%D7%A0%D7%95%D7%AA").await > 0, "Hebrew words are found");
}

#[tokio::test]
async fn a_message_comes_in_four_formats() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let id = ids(&world.gmail(&token, "?q=script&maxResults=1").await.1).remove(0);
    let get = |query: &'static str| {
        let (world, token, path) = (&world, &token, format!("/{id}{query}"));
        async move { world.gmail(token, &path).await.1 }
    };
    let minimal = get("?format=minimal").await;
    assert_eq!(minimal["id"], id);
    assert!(minimal["internalDate"].is_string() && minimal["payload"].is_null());
    let metadata = get("?format=metadata&metadataHeaders=subject&metadataHeaders=From").await;
    assert_eq!(metadata["payload"]["headers"].as_array().unwrap().len(), 2);
    assert!(metadata["payload"]["parts"].is_null());
    let full = get("").await;
    assert_eq!(full["payload"]["parts"][0]["mimeType"], "text/plain");
    let headers = full["payload"]["headers"].as_array().unwrap();
    let subject = headers.iter().find(|header| header["name"] == "Subject").unwrap();
    assert!(subject["value"].as_str().unwrap().contains("<script>"));
    assert!(full["snippet"].as_str().unwrap().contains("It&#39;s only text"), "snippets are HTML");
    assert!(get("?format=raw").await["raw"].is_string());
    assert_eq!(get("?format=short").await["error"]["code"], 400);
}

#[tokio::test]
async fn conversations_have_several_messages() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let page = world.gmail(&token, "?maxResults=50").await.1;
    let threads: HashSet<_> =
        page["messages"].as_array().unwrap().iter().map(|entry| entry["threadId"].as_str()).collect();
    assert!(threads.len() < 50);
}

#[tokio::test]
async fn a_message_that_is_not_there_is_404_in_gmails_shape() {
    let world = world().await;
    let (token, anna) = (world.access_token(ANNA).await, sub(ANNA));
    let id = ids(&world.gmail(&token, "").await.1).remove(0);
    world.google.delete_message(&anna, &id);
    let (status, body) = world.gmail(&token, &format!("/{id}")).await;
    assert_eq!((status, reason(&body), &body["error"]["status"]), (404, "notFound", &json!("NOT_FOUND")));
    assert_eq!(world.gmail(&token, "/not-an-id").await.0, 400);
}

#[tokio::test]
async fn the_metadata_scope_allows_neither_a_query_nor_a_body() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[("scope", METADATA)]).await;
    let token = tokens["access_token"].as_str().unwrap();
    let page = world.gmail(token, "?maxResults=1").await.1;
    let id = ids(&page).remove(0);
    let (status, body) = world.gmail(token, "?q=is:unread").await;
    assert_eq!(
        (status, body["error"]["message"].as_str().unwrap()),
        (403, "Metadata scope does not support 'q' parameter")
    );
    assert_eq!(world.gmail(token, &format!("/{id}")).await.0, 403);
    assert_eq!(world.gmail(token, &format!("/{id}?format=metadata")).await.0, 200);
}

#[tokio::test]
async fn fields_keeps_what_it_names_and_loses_the_rest() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let page = world.gmail(&token, "?maxResults=1&fields=messages/id").await.1;
    let names: Vec<_> = page.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["messages"], "the next page token is gone too");
    assert!(page["messages"][0]["threadId"].is_null());
    let (status, body) = world.gmail(&token, "?fields=mesages").await;
    assert_eq!((status, &body["error"]["message"]), (400, &json!("Invalid field selection mesages")));
}

#[tokio::test]
async fn an_unknown_parameter_is_refused() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let (status, body) = world.gmail(&token, "?max_results=5").await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("Unknown name \"max_results\""));
}

#[tokio::test]
async fn gzip_needs_the_right_user_agent_too() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let ask = |agent: &'static str| {
        let request = world.request(&token, "?prettyPrint=false").header("Accept-Encoding", "gzip");
        async move { request.header("User-Agent", agent).send().await.unwrap() }
    };
    assert!(!ask("tests").await.headers().contains_key("content-encoding"));
    let compressed = ask("tests (gzip)").await;
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    let mut text = String::new();
    GzDecoder::new(compressed.bytes().await.unwrap().as_ref()).read_to_string(&mut text).unwrap();
    assert_eq!(ids(&serde_json::from_str::<Value>(&text).unwrap()).len(), 100);
    assert!(!text.contains('\n'));
}

#[tokio::test]
async fn only_the_accounts_own_mailbox_opens() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let of =
        |user: &str| world.http.get(format!("{}/gmail/v1/users/{user}/messages", world.origin)).bearer_auth(&token);
    assert_eq!(answer(of(ANNA)).await.0, 200);
    assert_eq!(answer(of(EMPTY)).await.0, 403);
    assert_eq!(world.gmail("ya29.nothing", "").await.0, 401);
}

#[tokio::test]
async fn a_user_has_six_thousand_units_a_minute() {
    let world = world().await;
    let (token, anna) = (world.access_token(ANNA).await, sub(ANNA));
    let id = ids(&world.gmail(&token, "").await.1).remove(0);
    for _ in 0..299 {
        assert_eq!(world.gmail(&token, &format!("/{id}?format=minimal")).await.0, 200);
    }
    assert_eq!(world.google.quota_units(&anna), 5 + 299 * 20);
    let (status, body) = world.gmail(&token, &format!("/{id}?format=minimal")).await;
    assert_eq!((status, reason(&body)), (403, "userRateLimitExceeded"));
    world.clock.pass(Duration::from_mins(1));
    assert_eq!(world.gmail(&token, &format!("/{id}?format=minimal")).await.0, 200);
    assert_eq!((world.google.calls(Endpoint::List), world.google.calls(Endpoint::Get)), (1, 301));
    assert_eq!(world.google.gmail_calls(), (302, 1));
}

#[tokio::test]
async fn the_quota_of_a_minute_can_be_another() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    world.google.set_gmail_quota(10);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(world.gmail(&token, "").await.0);
    }
    assert_eq!(statuses, [200, 200, 403]);
}

#[tokio::test]
async fn a_mailbox_of_a_hundred_thousand_is_cheap() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let started = Instant::now();
    world.google.set_mailbox_size(&sub(ANNA), 100_000);
    let (ids, pages) = world.all_ids(&token, "maxResults=500").await;
    assert_eq!((ids.len(), pages), (100_000, 200));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
