//! Input of every kind: named where it is wrong, and never a surprise.

use proptest::prelude::*;
use tests::{
    event::Event,
    world::{ANNA, NAVIGATION, sub},
};

use super::{connected, mailbox_of, of, problem};

#[tokio::test]
async fn every_bad_parameter_is_named_and_nothing_is_asked_of_google() {
    let world = connected().await;
    let (row, calls) = (world.connection(ANNA), world.google_calls());
    let long = |name: &str, length: usize| format!("{name}={}", "x".repeat(length));
    let many = |pair: &str, count: usize| vec![pair; count].join("&");
    for (query, name) in [
        (long("q", 2_049), "q"),
        ("q=a&q=a".into(), "q"),
        ("q=%ff".into(), "q"),
        ("q=%ed%a0%80".into(), "q"),
        (long("labelIds", 257), "labelIds"),
        (many("labelIds=A", 101), "labelIds"),
        ("labelIds=INBOX&labelIds=%c3%28".into(), "labelIds"),
        ("includeSpamTrash=yes".into(), "includeSpamTrash"),
        ("includeSpamTrash=TRUE".into(), "includeSpamTrash"),
        ("includeSpamTrash=true&includeSpamTrash=true".into(), "includeSpamTrash"),
        ("includeSpamTrash=%fe".into(), "includeSpamTrash"),
        ("maxResults=0".into(), "maxResults"),
        ("maxResults=-1".into(), "maxResults"),
        ("maxResults=1e3".into(), "maxResults"),
        ("maxResults=0x10".into(), "maxResults"),
        ("maxResults=%D9%A3".into(), "maxResults"),
        ("maxResults=+5".into(), "maxResults"),
        ("maxResults=5%20".into(), "maxResults"),
        ("maxResults=1,2".into(), "maxResults"),
        ("maxResults=1&maxResults=1".into(), "maxResults"),
        (format!("maxResults={}", "9".repeat(65)), "maxResults"),
        ("format=raw".into(), "format"),
        ("format=Minimal".into(), "format"),
        ("format=ids&format=ids".into(), "format"),
        ("format=%80".into(), "format"),
        (long("format", 65), "format"),
        (format!("format=metadata&{}", long("metadataHeaders", 257)), "metadataHeaders"),
        (format!("format=metadata&{}", many("metadataHeaders=A", 101)), "metadataHeaders"),
        ("metadataHeaders=a%3Ab".into(), "metadataHeaders"),
        ("metadataHeaders=a%0d%0aX".into(), "metadataHeaders"),
        ("metadataHeaders=%C3%BC".into(), "metadataHeaders"),
        (long("pageToken", 7_001), "pageToken"),
        ("pageToken=a&pageToken=b".into(), "pageToken"),
        ("pageToken=%ff".into(), "pageToken"),
        ("pageToken=~".into(), "pageToken"),
        ("pageToken=~!!!".into(), "pageToken"),
        ("pageToken=~e30".into(), "pageToken"),
        ("pageToken=~eyJxIjoiIiwiZSI6WyIuLi9zZXR0aW5ncyJdfQ".into(), "pageToken"),
    ] {
        let told = problem(&world.instance.send(&of(ANNA, &query)).await, 400, "invalid_request");
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("parameter {name} ")), "{query}: {detail}");
        problem(&world.visitor.send(&world.visitor.event("/messages").query(&query)).await, 400, "invalid_request");
    }
    assert_eq!((world.connection(ANNA), world.google_calls()), (row, calls));
}

#[tokio::test]
async fn inputs_at_their_limits_are_taken() {
    let world = mailbox_of(3).await;
    let long = |name: &str, length: usize| format!("{name}={}", "ü".repeat(length));
    for query in [
        long("q", 2_048),
        long("labelIds", 256),
        vec!["labelIds=A"; 100].join("&"),
        format!("format=metadata&{}", vec!["metadataHeaders=A"; 100].join("&")),
        format!("maxResults={}", "9".repeat(64)),
        "q=&maxResults=&format=&pageToken=&includeSpamTrash=".to_owned(),
        "unknown=1&unknown=2&=&&&%ff=%ff".to_owned(),
        "maxResults=0000000000000002".to_owned(),
    ] {
        let answer = world.instance.send(&of(ANNA, &query)).await;
        assert_eq!(answer.status(), 200, "{query}: {}", answer.body());
    }
}

/// Queries as nobody writes them, and as somebody might.
fn query() -> impl Strategy<Value = String> {
    let names = ["q", "labelIds", "includeSpamTrash", "maxResults", "pageToken", "format", "metadataHeaders", "x", ""];
    let value = prop_oneof![
        any::<String>(),
        "[0-9]{1,30}",
        "(~)?[A-Za-z0-9_-]{0,60}",
        "(%[0-9a-f]{2}){0,8}",
        Just("true".to_owned()),
        Just("metadata".to_owned()),
        Just("minimal".to_owned()),
        Just("full".to_owned()),
    ];
    let pair = (prop::sample::select(names.to_vec()), value).prop_map(|(name, value)| format!("{name}={value}"));
    prop_oneof![3 => prop::collection::vec(pair, 0..6).prop_map(|pairs| pairs.join("&")), 1 => any::<String>()]
}

#[test]
fn any_query_at_all_has_a_sound_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(mailbox_of(3));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(200));
    let outcome = runner.run(&(query(), any::<bool>()), |(query, browser)| {
        world.clock.advance(std::time::Duration::from_secs(10));
        let event = if browser {
            world.visitor.event("/messages").query(&query).header("accept", NAVIGATION)
        } else {
            of(ANNA, &query)
        };
        let answer = runtime.block_on(world.instance.send(&event));
        prop_assert!(matches!(answer.status(), 200 | 400), "{}: {}", query, answer.body());
        prop_assert!(answer.status() == 400 || answer.json().unwrap()["messages"].is_array());
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn a_body_and_other_methods_change_nothing() {
    let world = connected().await;
    let path = format!("/users/{}/messages", sub(ANNA));
    let with_body = Event::get(&path).iam().body("application/json", "{\"format\":\"full\"}");
    assert_eq!(super::ids(&super::listing(&world.instance.send(&with_body).await)).len(), 30);
    for method in ["POST", "PUT", "DELETE", "HEAD", "get", ""] {
        let event = Event::new(method, &path).iam().json().to_string();
        let answer = world.instance.send_raw("list-messages", &event).await;
        problem(&answer, 404, "not_found");
    }
}

#[tokio::test]
async fn events_that_no_gateway_sends_are_answered() {
    let world = connected().await;
    for event in
        ["", "null", "[]", "{}", "{\"rawPath\":7}", "{\"requestContext\":null}", "\u{0}", "{\"headers\":{\"a\":[]}}"]
    {
        let answer = world.instance.send_raw("list-messages", event).await;
        assert!(matches!(answer.status(), 400 | 404), "{event}: {}", answer.body());
    }
}
