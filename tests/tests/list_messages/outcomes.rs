//! What Gmail says, and what callers are told: row by row of the one table.

use std::time::Duration;

use local::google::{Effect, Endpoint, GmailError};
use serde_json::{Value, json};
use tests::{
    answer::Answer,
    world::{ANNA, World, sub},
};

use super::{connected, list, listing, of, problem};

/// So little time that nothing is waited for: Gmail's waits begin at a second.
const NO_WAITS: Duration = Duration::from_secs(1);

/// Every way in which Gmail's answer can be the same to a whole request: page, batch, and each part of a batch.
const PLACES: [(Endpoint, &str); 3] =
    [(Endpoint::List, ""), (Endpoint::Batch, "format=minimal"), (Endpoint::BatchPart, "format=full")];

async fn list_soon(world: &World, query: &str) -> Answer {
    world.instance.send_within(&of(ANNA, query), NO_WAITS).await
}

fn status(status: u16, body: &str, headers: &[(&str, &str)]) -> Effect {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Effect::Status { status, body: Some(body.to_owned()), headers }
}

fn gmail(error: GmailError) -> Effect {
    Effect::Gmail(error)
}

/// The consent that a problem leads to.
fn consent() -> Value {
    json!(format!("https://mail.example.com/authorize?login_hint={}&prompt=consent", sub(ANNA)))
}

/// Asserts the row for each place where Gmail can say it; gives what callers were told.
async fn assert_row(effect: Effect, expected: (u16, &str), retry_after: Option<&str>) -> Vec<Value> {
    let world = connected().await;
    let row = world.connection(ANNA);
    let mut told = Vec::new();
    for (endpoint, query) in PLACES {
        world.google.faults().inject_times(endpoint, 1_000, effect.clone());
        let before = world.google.calls(endpoint);
        let answer = list_soon(&world, query).await;
        let parts = if endpoint == Endpoint::BatchPart { 20 } else { 1 };
        let batches = if endpoint == Endpoint::Batch { 2 } else { parts };
        assert_eq!(world.google.calls(endpoint) - before, batches, "asked once: {endpoint:?} {effect:?}");
        assert_eq!(answer.header("retry-after"), retry_after, "{endpoint:?} {effect:?}");
        let problem = problem(&answer, expected.0, expected.1);
        assert_eq!(problem["retry_after"], json!(retry_after.map(|wait| wait.parse::<u64>().unwrap())));
        told.push(problem);
        world.google.faults().clear_all();
        assert_eq!(world.connection(ANNA), row, "the connection is as it was");
        listing(&list(&world, "maxResults=1").await);
    }
    told
}

#[tokio::test]
async fn a_scope_that_is_missing_is_asked_for() {
    for error in [GmailError::InsufficientPermissions, GmailError::AccessTokenScopeInsufficient] {
        for told in assert_row(gmail(error), (403, "insufficient_scope"), None).await {
            assert_eq!(told["authorization_url"], consent());
        }
    }
}

#[tokio::test]
async fn the_scopes_that_the_deployment_wants_and_the_user_never_gave_are_named() {
    let world = connected().await;
    let more =
        "openid email https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.labels";
    let instance = world.instance_with(&[("SCOPES", more)]).await.unwrap();
    world.google.faults().inject_times(Endpoint::List, 1, gmail(GmailError::AccessTokenScopeInsufficient));
    let told = problem(&instance.send(&of(ANNA, "")).await, 403, "insufficient_scope");
    assert_eq!(told["missing_scopes"], json!(["https://www.googleapis.com/auth/gmail.labels"]));
}

#[tokio::test]
async fn a_limited_rate_is_told_with_a_time_to_wait() {
    for error in [
        GmailError::RateLimitExceeded,
        GmailError::UserRateLimitExceeded,
        GmailError::TooManyRequests,
        GmailError::TooManyConcurrentRequests,
    ] {
        assert_row(gmail(error), (429, "rate_limited"), Some("60")).await;
    }
    assert_row(status(429, "", &[]), (429, "rate_limited"), Some("60")).await;
    assert_row(status(429, "<html>", &[("Retry-After", "77")]), (429, "rate_limited"), Some("77")).await;
}

#[tokio::test]
async fn the_days_quota_and_policies_are_told_at_once() {
    assert_row(gmail(GmailError::DailyLimitExceeded), (429, "quota_exhausted"), None).await;
    assert_row(gmail(GmailError::DomainPolicy), (403, "blocked_by_policy"), None).await;
    assert_row(gmail(GmailError::AccessNotConfigured), (500, "misconfigured"), None).await;
    assert_row(gmail(GmailError::ServiceDisabled), (500, "misconfigured"), None).await;
}

#[tokio::test]
async fn a_service_that_is_disabled_is_known_by_its_detail_alone() {
    let info = json!({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED" });
    let error = json!({ "error": { "code": 403, "status": "PERMISSION_DENIED", "details": [info] } });
    assert_row(status(403, &error.to_string(), &[]), (500, "misconfigured"), None).await;
}

#[tokio::test]
async fn a_time_to_wait_that_makes_no_sense_harms_nobody() {
    for text in
        ["18446744073709551615", "99999999999999999999999", "-1", "0.5", "soon", "Mon, 99 Foo 0000 00:00:00 GMT"]
    {
        let world = connected().await;
        for effect in [status(429, "", &[("Retry-After", text)]), status(503, "", &[("Retry-After", text)])] {
            world.google.faults().inject_times(Endpoint::List, 1, effect);
            let answer = list_soon(&world, "").await;
            assert!(matches!(answer.status(), 429 | 503));
            assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0, "{text}");
        }
        world.clock.advance(Duration::from_hours(1));
        world.google.faults().inject_times(Endpoint::Token, 4, status(503, "", &[("Retry-After", text)]));
        let answer = list_soon(&world, "").await;
        assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0, "{text}");
    }
}

#[tokio::test]
async fn gmail_in_trouble_is_told_with_a_time_to_wait() {
    for effect in [
        gmail(GmailError::BackendError),
        status(500, "", &[]),
        status(502, "<html>Bad gateway</html>", &[]),
        status(504, "{}", &[]),
        status(408, "", &[]),
        Effect::Malformed,
    ] {
        assert_row(effect, (503, "google_unavailable"), Some("10")).await;
    }
    assert_row(status(503, "", &[("Retry-After", "120")]), (503, "google_unavailable"), Some("120")).await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_trouble_too() {
    let world = connected().await;
    for (endpoint, query) in PLACES {
        world.google.faults().inject_times(endpoint, 1_000, Effect::Disconnect);
        let answer = list_soon(&world, query).await;
        problem(&answer, 503, "google_unavailable");
        assert!(answer.header("retry-after").is_some());
        world.google.faults().clear_all();
    }
}

#[tokio::test]
async fn an_answer_without_a_rule_is_not_the_users_fault() {
    for effect in
        [status(418, "", &[]), status(302, "", &[("Location", "http://127.0.0.1:9/")]), status(403, "{}", &[])]
    {
        for told in assert_row(effect, (503, "google_unavailable"), Some("10")).await {
            assert_eq!(told["authorization_url"], Value::Null);
        }
    }
}

#[tokio::test]
async fn what_gmail_finds_wrong_with_the_request_is_told_in_its_words() {
    let error = |message: &str| json!({ "error": { "code": 400, "message": message, "errors": [{ "reason": "invalidArgument" }] } });
    let words = "Invalid label: „NOPE“ & \"quoted\"";
    for told in assert_row(status(400, &error(words).to_string(), &[]), (400, "invalid_request"), None).await {
        assert_eq!(told["detail"], words);
    }
    for told in assert_row(status(400, "<html>", &[]), (400, "invalid_request"), None).await {
        assert!(told["detail"].as_str().unwrap().len() > 10, "{told}");
    }
}

#[tokio::test]
async fn nothing_else_that_gmail_says_goes_out() {
    let secret = "internal: replica 7 of shard eu-4 is on fire";
    for (code, reason) in
        [(403, "dailyLimitExceeded"), (403, "domainPolicy"), (429, "x"), (500, "y"), (403, "insufficientPermissions")]
    {
        let world = connected().await;
        let error = json!({ "error": { "code": code, "message": secret, "errors": [{ "reason": reason, "message": secret }] } });
        world.google.faults().inject_times(
            Endpoint::List,
            1,
            status(code, &error.to_string(), &[("x-secret", secret)]),
        );
        let answer = list_soon(&world, "").await;
        assert!(answer.status() >= 400);
        assert!(!format!("{answer:?}").contains("replica"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_retry_after_is_waited_for() {
    let world = connected().await;
    let wait = [("Retry-After", "2")];
    world.google.faults().inject_times(Endpoint::List, 1, status(429, "", &wait));
    let started = std::time::Instant::now();
    listing(&list(&world, "").await);
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!((world.google.calls(Endpoint::List), world.random.waits()), (2, 1));
}

#[tokio::test]
async fn gmail_is_left_alone_for_a_second_before_the_next_try() {
    let world = connected().await;
    world.google.faults().inject_times(Endpoint::List, 1, gmail(GmailError::RateLimitExceeded));
    world.google.faults().inject_times(Endpoint::List, 1, Effect::Disconnect);
    let started = std::time::Instant::now();
    listing(&list(&world, "").await);
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!((world.google.calls(Endpoint::List), world.random.waits()), (3, 2));
}

#[tokio::test]
async fn a_retry_after_beyond_the_deadline_is_not_waited_for() {
    let world = connected().await;
    world.google.faults().inject_times(Endpoint::List, 1, status(503, "", &[("Retry-After", "3600")]));
    let answer = list(&world, "").await;
    problem(&answer, 503, "google_unavailable");
    assert_eq!((answer.header("retry-after"), world.google.calls(Endpoint::List)), (Some("3600"), 1));
}

#[tokio::test]
async fn a_later_page_that_fails_for_now_does_not_cost_what_was_had() {
    for effect in [
        gmail(GmailError::RateLimitExceeded),
        gmail(GmailError::DailyLimitExceeded),
        gmail(GmailError::BackendError),
        Effect::Malformed,
        Effect::Disconnect,
    ] {
        let world = super::mailbox_of(700).await;
        world.google.faults().inject_times(Endpoint::List, 1, Effect::Delay(Duration::ZERO));
        world.google.faults().inject_times(Endpoint::List, 9, effect.clone());
        let listed = listing(&world.instance.send_within(&of(ANNA, ""), Duration::from_millis(1_950)).await);
        assert_eq!(super::ids(&listed).len(), 500, "{effect:?}");
        assert!(world.google.calls(Endpoint::List) > 1, "{effect:?}");
        world.google.faults().clear_all();
        let token = listed["nextPageToken"].as_str().unwrap();
        let rest = listing(&list(&world, &format!("pageToken={token}")).await);
        assert_eq!(super::ids(&rest).len(), 200, "{effect:?}");
    }
}

#[tokio::test]
async fn later_messages_that_fail_for_now_do_not_cost_what_was_had() {
    for (endpoint, first) in [(Endpoint::Batch, 2), (Endpoint::BatchPart, 50)] {
        let world = super::mailbox_of(90).await;
        let instance = world.instance_with(&[("GMAIL_BATCHES_AT_ONCE", "2")]).await.unwrap();
        let all = super::gmail_lists(&world, "").await;
        world.google.faults().inject_times(endpoint, first, Effect::Delay(Duration::ZERO));
        world.google.faults().inject_times(endpoint, 1_000, gmail(GmailError::UserRateLimitExceeded));
        let query = "format=minimal";
        let answer = instance.send_within(&of(ANNA, query), Duration::from_millis(1_950)).await;
        let listed = listing(&answer);
        assert_eq!(answer.header("retry-after"), Some("60"), "{endpoint:?}");
        assert_eq!((super::ids(&listed).len(), &listed["errors"]), (50, &Value::Null), "{endpoint:?}");
        world.google.faults().clear_all();
        let token = listed["nextPageToken"].as_str().unwrap();
        let rest = listing(&list(&world, &format!("{query}&pageToken={token}")).await);
        let seen = [super::ids(&listed), super::ids(&rest)].concat();
        assert_eq!(json!(seen), all.iter().map(|entry| entry["id"].clone()).collect::<Value>());
    }
}
