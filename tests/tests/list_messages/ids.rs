//! Identifiers: every page, in order, up to what was asked for, and on from there.

use local::google::Endpoint;
use proptest::prelude::*;
use serde_json::{Value, json};
use tests::world::{ANNA, NOOR, World, sub};

use super::{gmail, gmail_lists, ids, list, listing, mailbox_of, of, pages_asked};

/// Lists with each of the numbers in turn, over and over, until the end.
async fn walk(world: &World, query: &str, sizes: &[u64]) -> Vec<Value> {
    let (mut entries, mut token) = (Vec::new(), None::<String>);
    for size in sizes.iter().cycle() {
        let from = token.map(|token| format!("&pageToken={token}")).unwrap_or_default();
        let page = listing(&list(world, &format!("{query}&maxResults={size}{from}")).await);
        let messages = page["messages"].as_array().unwrap();
        assert!(messages.len() as u64 <= *size);
        entries.extend(messages.iter().cloned());
        token = page["nextPageToken"].as_str().map(str::to_owned);
        if token.is_none() {
            break;
        }
        assert_eq!(messages.len() as u64, *size, "an answer that is not the last is full");
    }
    entries
}

#[tokio::test]
async fn a_whole_mailbox_is_listed_in_gmails_order_over_several_pages() {
    let world = mailbox_of(1_234).await;
    let listed = listing(&list(&world, "").await);
    let sizes: Vec<_> = pages_asked(&world).iter().map(|page| value(page, "maxResults")).collect();
    assert_eq!(sizes, ["500", "500", "500"]);
    assert_eq!(listed["messages"], json!(gmail_lists(&world, "").await));
    assert_eq!(listed["messages"].as_array().unwrap().len(), 1_234);
    assert_eq!(listed["nextPageToken"], Value::Null);
    assert_eq!(listed["resultSizeEstimate"], 201);
    assert!(!listed.as_object().unwrap().contains_key("nextPageToken"));
    assert!(!listed.as_object().unwrap().contains_key("errors"));
}

#[tokio::test]
async fn an_empty_mailbox_has_an_empty_list() {
    let world = World::start().await;
    world.connect(NOOR).await;
    for query in ["", "maxResults=1", "format=full", "format=minimal&maxResults=700"] {
        let answer = world.instance.send(&of(NOOR, query)).await;
        assert_eq!(listing(&answer), json!({ "messages": [], "resultSizeEstimate": 0 }), "{query}");
    }
    assert_eq!(world.google.calls(Endpoint::Batch), 0);
}

#[tokio::test]
async fn an_answer_holds_as_many_messages_as_were_asked_for_and_the_next_ones_follow() {
    let world = mailbox_of(1_234).await;
    let all = gmail_lists(&world, "").await;
    for (wanted, asked) in [
        (1, vec!["1"]),
        (499, vec!["499"]),
        (500, vec!["500"]),
        (501, vec!["500", "1"]),
        (1_000, vec!["500", "500"]),
        (1_234, vec!["500", "500", "234"]),
        (5_000, vec!["500", "500", "500"]),
    ] {
        let before = pages_asked(&world).len();
        let listed = listing(&list(&world, &format!("maxResults={wanted}")).await);
        let sizes: Vec<_> = pages_asked(&world)[before..].iter().map(|page| value(page, "maxResults")).collect();
        assert_eq!(sizes, asked, "{wanted}");
        let end = wanted.min(all.len());
        assert_eq!(listed["messages"], json!(all[..end]), "{wanted}");
        assert_eq!(listed["nextPageToken"].is_string(), end < all.len(), "{wanted}");
        if let Some(token) = listed["nextPageToken"].as_str() {
            let rest = listing(&list(&world, &format!("pageToken={token}")).await);
            assert_eq!(rest["messages"], json!(all[end..]), "{wanted}");
        }
    }
}

#[tokio::test]
async fn a_number_larger_than_any_is_the_whole_mailbox() {
    let world = mailbox_of(7).await;
    let listed = listing(&list(&world, "maxResults=99999999999999999999999999").await);
    assert_eq!(ids(&listed).len(), 7);
}

#[tokio::test]
async fn gmails_own_parameters_are_passed_on() {
    let world = mailbox_of(200).await;
    for query in [
        "q=from:me",
        "q=Zählerstände&labelIds=INBOX",
        "labelIds=INBOX&labelIds=UNREAD",
        "labelIds=TRASH",
        "includeSpamTrash=true",
        "includeSpamTrash=false",
        "q=subject:%22dentist+tomorrow%22+-is:unread&includeSpamTrash=true",
        "q=%23%26%3D%2B%00",
    ] {
        let listed = listing(&list(&world, query).await);
        assert_eq!(listed["messages"], json!(gmail_lists(&world, query).await), "{query}");
    }
    let aside = ids(&listing(&list(&world, "includeSpamTrash=true").await)).len();
    assert_eq!(aside, 205, "spam and trash are in it");
    let unread = ids(&listing(&list(&world, "labelIds=INBOX&labelIds=UNREAD").await)).len();
    assert!((1..200).contains(&unread), "both labels count: {unread}");
}

#[tokio::test]
async fn gmail_is_asked_sparingly() {
    let world = mailbox_of(3).await;
    list(&world, "maxResults=2&q=is:unread&labelIds=A&labelIds=B&includeSpamTrash=true").await;
    let request = world.google.requests(Endpoint::List).pop().unwrap();
    let mut asked = pages_asked(&world).pop().unwrap();
    asked.sort();
    let expected = [
        ("fields", "messages(id,threadId),nextPageToken,resultSizeEstimate"),
        ("includeSpamTrash", "true"),
        ("labelIds", "A"),
        ("labelIds", "B"),
        ("maxResults", "2"),
        ("prettyPrint", "false"),
        ("q", "is:unread"),
    ];
    assert_eq!(asked, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let header = |name: &str| request.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert!(header("accept-encoding").contains("gzip"));
    assert!(header("user-agent").contains("gzip"));
    assert!(header("authorization").starts_with("Bearer ya29."));
    assert_eq!(request.uri.path(), "/gmail/v1/users/me/messages");
}

#[tokio::test]
async fn a_token_of_another_query_is_refused_by_gmails_own_words() {
    let world = mailbox_of(10).await;
    let listed = listing(&list(&world, "maxResults=2").await);
    let token = listed["nextPageToken"].as_str().unwrap();
    let told = super::problem(&list(&world, &format!("q=x&pageToken={token}")).await, 400, "invalid_request");
    assert_eq!(told["detail"], "Invalid pageToken");
}

#[tokio::test]
async fn mail_that_comes_and_goes_between_two_answers_costs_and_doubles_nothing() {
    let world = mailbox_of(60).await;
    let before: Vec<_> = gmail_lists(&world, "").await;
    let id = |entry: &Value| entry["id"].as_str().unwrap().to_owned();
    let (mut seen, mut token) = (Vec::new(), String::new());
    let mut gone = Vec::new();
    for round in 0.. {
        let from = if token.is_empty() { String::new() } else { format!("&pageToken={token}") };
        let page = listing(&list(&world, &format!("maxResults=7{from}")).await);
        seen.extend(ids(&page));
        let Some(next) = page["nextPageToken"].as_str() else { break };
        next.clone_into(&mut token);
        world.google.deliver(&sub(ANNA), 3);
        // One that was handed out, the very next one, and one from further on.
        for place in [round * 7, (round + 1) * 7, 59 - round] {
            let deleted = id(&before[place.min(59)]);
            world.google.delete_message(&sub(ANNA), &deleted);
            gone.push(deleted);
        }
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), seen.len(), "nothing comes twice");
    let lost: Vec<_> = before.iter().map(id).filter(|id| !seen.contains(id) && !gone.contains(id)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(seen.iter().all(|seen| before.iter().any(|entry| id(entry) == *seen)), "nothing new in between");
}

#[test]
fn any_walk_through_a_mailbox_finds_every_message_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (world, all, unread) = runtime.block_on(async {
        let world = mailbox_of(700).await;
        let (all, unread) = (gmail_lists(&world, "").await, gmail_lists(&world, "labelIds=UNREAD").await);
        (world, all, unread)
    });
    let sizes = prop::collection::vec(prop_oneof![1u64..40, 100u64..800], 1..5);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(12));
    let walks = runner.run(&(sizes, any::<bool>()), |(sizes, only_unread)| {
        // Small steps only would take all of Gmail's minute.
        world.clock.advance(std::time::Duration::from_secs(62));
        let sizes = [sizes, vec![150]].concat();
        let (query, expected) = if only_unread { ("labelIds=UNREAD", &unread) } else { ("", &all) };
        let walked = runtime.block_on(walk(&world, query, &sizes));
        prop_assert_eq!(&walked, expected);
        Ok(())
    });
    walks.unwrap();
    runtime.block_on(gmail(&world, "?maxResults=1"));
}

fn value(page: &[(String, String)], name: &str) -> String {
    page.iter().find(|(known, _)| known == name).unwrap().1.clone()
}
