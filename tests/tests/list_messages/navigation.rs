//! A browser that navigates is led to consent and back; everyone else is told.

use local::google::{Decision, Effect, Endpoint, GmailError};
use tests::{
    answer::Answer,
    event::Event,
    world::{ANNA, NAVIGATION, TABLE, World, connection_key, sub},
};
use url::Url;

use super::{connected, listing, of, problem};

/// The `return_to` of a redirect to `/authorize`.
#[track_caller]
fn return_to(answer: &Answer) -> String {
    parameter(answer, "return_to").expect("return_to")
}

#[track_caller]
fn parameter(answer: &Answer, name: &str) -> Option<String> {
    assert_eq!(answer.status(), 302, "{answer:?}");
    let location = answer.header("location").unwrap();
    let url = Url::parse("https://mail.example.com").unwrap().join(location).unwrap();
    assert_eq!((url.origin().ascii_serialization().as_str(), url.path()), ("https://mail.example.com", "/authorize"));
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// Anna's connection is made such that listing ends with the code.
fn provoke(world: &World, code: &str) {
    match code {
        "connection_not_found" => world.aws.delete_item(TABLE, &connection_key(ANNA)).unwrap(),
        "reauthorization_required" => world.change_connection(ANNA, |item| item["status"]["S"] = "revoked".into()),
        "insufficient_scope" => {
            world.google.faults().inject_times(Endpoint::List, 9, Effect::Gmail(GmailError::InsufficientPermissions));
        }
        _ => world.visitor.jar().apply(["__Host-session=; Max-Age=0; Path=/; Secure"]),
    }
}

#[tokio::test]
async fn a_navigation_is_led_to_consent_for_four_codes_and_returns_to_path_and_query() {
    for (code, status, known, consent) in [
        ("session_required", 401, false, false),
        ("connection_not_found", 404, true, true),
        ("reauthorization_required", 401, true, true),
        ("insufficient_scope", 403, true, true),
    ] {
        let world = connected().await;
        provoke(&world, code);
        let target = "/messages?q=from:a%26b+c&labelIds=INBOX&maxResults=3";
        let answer = world.visitor.duplicate().accepting(NAVIGATION).get(target).await;
        assert_eq!(return_to(&answer), target, "{code}");
        assert_eq!(parameter(&answer, "login_hint"), known.then(|| sub(ANNA)), "{code}");
        assert_eq!(parameter(&answer, "prompt"), consent.then(|| "consent".to_owned()), "{code}");
        assert_eq!(answer.body(), "");
        for accept in ["application/json", "*/*", "image/png", "application/json, text/html;q=0.9"] {
            let told = problem(&world.visitor.duplicate().accepting(accept).get(target).await, status, code);
            assert!(told["authorization_url"].as_str().unwrap().starts_with("https://mail.example.com/authorize"));
        }
        if code != "session_required" {
            let backend = of(ANNA, "").header("accept", NAVIGATION);
            problem(&world.instance.send(&backend).await, status, code);
        }
    }
}

#[tokio::test]
async fn a_query_too_long_to_be_returned_to_is_left_behind() {
    let world = World::start().await;
    let visitor = world.visitor().accepting(NAVIGATION);
    for (query, expected) in [
        (String::new(), "/messages".to_owned()),
        (format!("q={}", "x".repeat(500)), format!("/messages?q={}", "x".repeat(500))),
        (format!("q={}", "x".repeat(501)), "/messages".to_owned()),
        (format!("q={}", "x".repeat(3_000)), "/messages".to_owned()),
        ("q=a b".to_owned(), "/messages".to_owned()),
        ("q=\\\\host".to_owned(), "/messages".to_owned()),
    ] {
        let event = Event::get("/messages").query(&query).header("accept", NAVIGATION);
        assert_eq!(return_to(&visitor.send(&event).await), expected, "{query}");
    }
}

#[tokio::test]
async fn other_refusals_are_told_to_browsers_as_to_everyone() {
    let world = connected().await;
    let visitor = world.visitor.duplicate().accepting(NAVIGATION);
    problem(&visitor.get("/messages?maxResults=0").await, 400, "invalid_request");
    for (error, status, code) in [
        (GmailError::DailyLimitExceeded, 429, "quota_exhausted"),
        (GmailError::DomainPolicy, 403, "blocked_by_policy"),
        (GmailError::ServiceDisabled, 500, "misconfigured"),
    ] {
        world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(error));
        problem(&visitor.get("/messages").await, status, code);
    }
    assert_eq!(listing(&visitor.get("/messages").await)["messages"].as_array().unwrap().len(), 30);
}

#[tokio::test]
async fn a_browser_without_a_session_comes_back_to_the_messages_it_asked_for() {
    let world = World::start().await;
    let visitor = world.visitor().accepting(NAVIGATION);
    let led = visitor.get("/messages?maxResults=2&q=in:inbox").await;
    let authorize = visitor.get(led.header("location").unwrap()).await;
    assert_eq!(authorize.status(), 302);
    let callback = world.consent(authorize.header("location").unwrap(), &Decision::all(ANNA));
    let back = visitor.get(&callback).await;
    assert_eq!((back.status(), back.header("location")), (303, Some("/messages?maxResults=2&q=in:inbox")));
    let listed = listing(&visitor.get(back.header("location").unwrap()).await);
    assert_eq!(listed["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn who_comes_back_with_an_error_sees_a_page_and_is_not_led_in_circles() {
    let world = World::start().await;
    let visitor = world.visitor().accepting(NAVIGATION);
    for (error, notice) in [
        ("access_denied", "declined"),
        ("insufficient_scope", "permission-missing"),
        ("unavailable", "unavailable"),
        ("misconfigured", "misconfigured"),
        ("code_rejected", "link-expired"),
    ] {
        let answer = visitor.get(&format!("/messages?q=a&error={error}&state=s")).await;
        // Whoever writes a server's error into the address makes none.
        assert_eq!(answer.status(), 401, "{error}");
        assert!(answer.body().contains(&format!("data-notice=\"{notice}\"")), "{error}");
        assert!(answer.body().contains("/authorize?return_to=%2Fmessages%3Fq%3Da\""), "{}", answer.body());
    }
    let unknown = visitor.get("/messages?error=something").await;
    assert_eq!(return_to(&unknown), "/messages");
}

#[tokio::test]
async fn who_declines_on_the_way_to_the_messages_is_told_so() {
    let world = World::start().await;
    let visitor = world.visitor().accepting(NAVIGATION);
    let led = visitor.get("/messages").await;
    let asked = visitor.get(led.header("location").unwrap()).await;
    let back = world.google.consent(asked.header("location").unwrap(), &Decision::deny(ANNA)).unwrap();
    let back = visitor.get(back.strip_prefix("https://mail.example.com").unwrap()).await;
    assert_eq!(back.header("location"), Some("/messages?error=access_denied"));
    let told = visitor.get("/messages?error=access_denied").await;
    assert_eq!(told.status(), 401);
}
