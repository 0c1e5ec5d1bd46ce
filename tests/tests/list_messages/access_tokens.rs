//! Access tokens: reused, refreshed once, and what Google's refusals mean.

use std::time::Duration;

use futures_util::future::join_all;
use local::google::{Decision, Effect, Endpoint, GmailError};
use serde_json::{Value, json};
use tests::{
    answer::Answer,
    world::{ANNA, CLIENT_ID, CLIENT_SECRET_ID, World, sub},
};

use super::{connected, ids, list, listing, mailbox_of, of, parts_asked, problem};

const SOON: Duration = Duration::from_secs(1);
/// After so many seconds an access token is in its last five minutes.
const USED_UNTIL: u64 = 3_599 - 300;

/// A world in which Anna's access token is over.
async fn stale() -> World {
    let world = connected().await;
    world.clock.advance(Duration::from_hours(1));
    world
}

/// How many token requests there were since the consent.
fn refreshes(world: &World) -> usize {
    world.google.calls(Endpoint::Token) - 1
}

fn refuse(world: &World, times: u32, error: &str, subtype: Option<&str>) {
    let effect = Effect::TokenError { error: error.to_owned(), subtype: subtype.map(str::to_owned) };
    world.google.faults().inject_times(Endpoint::Token, times, effect);
}

fn status(status: u16, headers: &[(&str, &str)]) -> Effect {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Effect::Status { status, body: None, headers }
}

/// The stored connection without what a refresh writes.
fn lasting(world: &World) -> Value {
    let mut row = world.connection(ANNA).unwrap();
    for passing in
        ["access_token", "access_token_expires_at", "lease_owner", "lease_expires_at", "updated_at", "used_at"]
    {
        row.as_object_mut().unwrap().remove(passing);
    }
    row
}

#[track_caller]
fn assert_ended(world: &World, answer: &Answer, reason: &str) {
    let told = problem(answer, 401, "reauthorization_required");
    let url = format!("https://mail.example.com/authorize?login_hint={}&prompt=consent", sub(ANNA));
    assert_eq!(told["authorization_url"], json!(url));
    assert_eq!(world.attribute(ANNA, "status").unwrap(), "revoked");
    assert_eq!(world.attribute(ANNA, "status_reason").unwrap(), reason);
    assert!(!told.to_string().contains(reason), "the reason is the operator's");
}

#[tokio::test]
async fn an_access_token_is_reused_until_its_last_five_minutes_by_every_instance() {
    let world = connected().await;
    let other = world.another_instance().await;
    for _ in 0..3 {
        listing(&list(&world, "").await);
        listing(&other.send(&of(ANNA, "format=minimal")).await);
        listing(&world.visitor.get("/messages").await);
    }
    world.clock.advance(Duration::from_secs(USED_UNTIL - 1));
    listing(&other.send(&of(ANNA, "")).await);
    assert_eq!(refreshes(&world), 0);
    world.clock.advance(Duration::from_secs(1));
    listing(&list(&world, "").await);
    assert_eq!(refreshes(&world), 1);
    listing(&other.send(&of(ANNA, "")).await);
    listing(&world.another_instance().await.send(&of(ANNA, "")).await);
    assert_eq!(refreshes(&world), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_instances_that_find_the_same_token_over_refresh_it_once() {
    let world = stale().await;
    world.google.faults().inject_times(Endpoint::Token, 1, Effect::Delay(Duration::from_millis(300)));
    let instances = join_all((0..20).map(|_| world.another_instance())).await;
    let asked = instances.into_iter().map(|instance| tokio::spawn(async move { instance.send(&of(ANNA, "")).await }));
    for answer in join_all(asked).await {
        assert_eq!(ids(&listing(&answer.unwrap())).len(), 30);
    }
    assert_eq!(refreshes(&world), 1);
}

#[tokio::test]
async fn a_listing_leaves_nothing_but_the_new_token_behind() {
    let world = stale().await;
    let row = lasting(&world);
    listing(&list(&world, "format=full").await);
    assert_eq!(lasting(&world), row);
    assert_eq!(world.items().iter().filter(|item| item["lease_owner"].is_object()).count(), 0, "no lease stays");
}

#[tokio::test]
async fn a_grant_that_the_user_removed_marks_the_connection_once() {
    let world = stale().await;
    world.google.revoke(&sub(ANNA));
    assert_ended(&world, &list(&world, "").await, "invalid_grant");
    let calls = world.google_calls();
    assert_ended(&world, &list(&world, "").await, "invalid_grant");
    assert_eq!(world.google_calls(), calls, "what is known is not asked again");
}

#[tokio::test]
async fn session_control_is_told_apart() {
    let world = stale().await;
    world.google.require_reauthentication(&sub(ANNA));
    assert_ended(&world, &list(&world, "").await, "session_control");
    for subtype in ["invalid_rapt", "rapt_required"] {
        let world = stale().await;
        refuse(&world, 1, "invalid_grant", Some(subtype));
        assert_ended(&world, &list(&world, "").await, "session_control");
    }
}

#[tokio::test]
async fn a_newer_token_of_another_instance_outlives_an_invalid_grant() {
    let world = stale().await;
    refuse(&world, 1, "invalid_grant", None);
    let faults = world.aws.faults();
    let (mut first, mut again) = (faults.hold("DynamoDB.GetItem"), faults.hold("DynamoDB.GetItem"));
    let renewed = async {
        first.reached().await;
        first.release();
        again.reached().await;
        world.connect(ANNA).await;
        again.release();
    };
    let (answer, ()) = tokio::join!(list(&world, ""), renewed);
    assert_eq!(ids(&listing(&answer)).len(), 30);
    assert_eq!(world.attribute(ANNA, "status").unwrap(), "active");
}

#[tokio::test]
async fn a_refused_client_is_our_fault_and_never_the_users() {
    for error in ["invalid_client", "unauthorized_client"] {
        let world = stale().await;
        let row = lasting(&world);
        refuse(&world, 9, error, None);
        // Any request has the secrets read again beside it when they are older than five minutes.
        list(&world, "maxResults=0").await;
        let reads = world.aws.faults().calls("SecretsManager.BatchGetSecretValue");
        let told = problem(&list(&world, "").await, 500, "misconfigured");
        assert_eq!(told["authorization_url"], Value::Null);
        assert_eq!(
            world.aws.faults().calls("SecretsManager.BatchGetSecretValue") - reads,
            1,
            "the secret is read afresh once"
        );
        assert_eq!((refreshes(&world), lasting(&world)), (1, row));
        world.google.faults().clear_all();
        listing(&list(&world, "").await);
    }
}

#[tokio::test]
async fn a_client_secret_that_changed_is_used_at_once() {
    let world = stale().await;
    let before = world.google.client_secret_file(CLIENT_ID).unwrap();
    world.google.set_client_secret(CLIENT_ID, "GOCSPX-the-rotated-secret");
    problem(&list(&world, "").await, 500, "misconfigured");
    let file = world.google.client_secret_file(CLIENT_ID).unwrap();
    assert_ne!(file, before);
    world.aws.secrets().put(CLIENT_SECRET_ID, &file.to_string()).unwrap();
    let asked = refreshes(&world);
    listing(&list(&world, "").await);
    assert_eq!(refreshes(&world) - asked, 2);
}

#[tokio::test]
async fn a_changed_client_that_is_refused_too_leaves_the_connection_alone() {
    let world = stale().await;
    let row = lasting(&world);
    refuse(&world, 9, "invalid_client", None);
    world.google.set_client_secret(CLIENT_ID, "GOCSPX-the-rotated-secret");
    let file = world.google.client_secret_file(CLIENT_ID).unwrap();
    world.aws.secrets().put(CLIENT_SECRET_ID, &file.to_string()).unwrap();
    problem(&list(&world, "").await, 500, "misconfigured");
    assert_eq!((refreshes(&world), lasting(&world)), (2, row));
}

#[tokio::test]
async fn an_organization_that_forbids_it_is_told_at_the_refresh_too() {
    let world = stale().await;
    let row = lasting(&world);
    refuse(&world, 1, "admin_policy_enforced", None);
    problem(&list(&world, "").await, 403, "blocked_by_policy");
    assert_eq!((refreshes(&world), lasting(&world)), (1, row));
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_is_tried_again_and_then_told() {
    for effect in [status(408, &[]), status(429, &[]), status(500, &[]), status(503, &[]), Effect::Disconnect] {
        let world = stale().await;
        let row = lasting(&world);
        world.google.faults().inject_times(Endpoint::Token, 4, effect.clone());
        let answer = list(&world, "").await;
        problem(&answer, 503, "google_unavailable");
        assert!(answer.header("retry-after").is_some(), "{effect:?}");
        assert_eq!((refreshes(&world), lasting(&world)), (4, row), "{effect:?}");
        listing(&list(&world, "").await);
        assert_eq!(refreshes(&world), 5, "no lease is in the way");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_recovers_costs_nothing_but_time() {
    let world = stale().await;
    world.google.faults().inject_times(Endpoint::Token, 1, status(503, &[]));
    world.google.faults().inject_times(Endpoint::Token, 1, Effect::LoseAnswer);
    listing(&list(&world, "").await);
    assert_eq!((refreshes(&world), world.random.waits()), (3, 2));
}

#[tokio::test]
async fn a_retry_after_of_the_token_endpoint_is_passed_on() {
    let world = stale().await;
    world.google.faults().inject_times(Endpoint::Token, 9, status(429, &[("Retry-After", "90")]));
    let answer = list(&world, "").await;
    problem(&answer, 503, "google_unavailable");
    assert_eq!((answer.header("retry-after"), refreshes(&world)), (Some("90"), 1));
}

#[tokio::test]
async fn a_token_answer_that_makes_no_sense_is_googles_trouble() {
    let world = stale().await;
    let row = lasting(&world);
    world.google.faults().inject_times(Endpoint::Token, 9, Effect::Malformed);
    problem(&list(&world, "").await, 503, "google_unavailable");
    assert_eq!(lasting(&world), row);
}

#[tokio::test]
async fn a_token_endpoint_that_hangs_is_told_before_the_deadline() {
    let world = stale().await;
    world.google.faults().inject_times(Endpoint::Token, 9, Effect::Hang(Duration::from_mins(1)));
    let started = std::time::Instant::now();
    let answer = world.instance.send_within(&of(ANNA, ""), SOON).await;
    problem(&answer, 503, "google_unavailable");
    assert!(answer.header("retry-after").is_some());
    assert!(started.elapsed() < SOON + Duration::from_millis(400), "{:?}", started.elapsed());
    world.google.faults().clear_all();
    world.clock.advance(Duration::from_secs(15));
    listing(&list(&world, "").await);
}

#[tokio::test]
async fn a_token_that_gmail_rejects_is_refreshed_once_and_shared() {
    let world = mailbox_of(700).await;
    world.google.expire_access_tokens(&sub(ANNA));
    assert_eq!(ids(&listing(&list(&world, "").await)).len(), 700);
    assert_eq!((refreshes(&world), world.google.calls(Endpoint::List)), (1, 3));
    listing(&world.another_instance().await.send(&of(ANNA, "maxResults=1")).await);
    assert_eq!(refreshes(&world), 1);
}

#[tokio::test]
async fn a_fresh_token_that_gmail_rejects_too_means_that_the_access_has_ended() {
    for (endpoint, query) in
        [(Endpoint::List, ""), (Endpoint::Batch, "format=full"), (Endpoint::BatchPart, "format=minimal")]
    {
        let world = connected().await;
        world.google.faults().inject_times(endpoint, 1_000, Effect::Gmail(GmailError::AuthError));
        let answer = list(&world, query).await;
        assert_ended(&world, &answer, "access_token_rejected");
        assert_eq!(refreshes(&world), 1, "{endpoint:?}");
    }
}

#[tokio::test]
async fn a_consent_given_meanwhile_outlives_a_token_that_gmail_rejects_twice() {
    let world = connected().await;
    world.google.faults().inject_times(Endpoint::List, 2, Effect::Gmail(GmailError::AuthError));
    let faults = world.aws.faults();
    let [lease, share, mark] = [(); 3].map(|()| faults.hold("DynamoDB.UpdateItem"));
    let consented = async {
        for mut gate in [lease, share] {
            gate.reached().await;
            gate.release();
        }
        let mut mark = mark;
        mark.reached().await;
        let location = world.consent(&world.visitor.begin("prompt=consent").await, &Decision::all(ANNA));
        assert_eq!(world.callback(&location).await.status(), 200);
        mark.release();
    };
    let (answer, ()) = tokio::join!(list(&world, ""), consented);
    assert_eq!(world.attribute(ANNA, "status").unwrap(), "active");
    assert_eq!(ids(&listing(&answer)).len(), 30);
}

#[tokio::test]
async fn one_message_for_which_the_token_is_rejected_is_asked_for_again_alone() {
    let world = mailbox_of(40).await;
    world.google.faults().inject_times(Endpoint::BatchPart, 1, Effect::Gmail(GmailError::AuthError));
    let listed = listing(&list(&world, "format=minimal").await);
    assert!(listed["messages"].as_array().unwrap().iter().all(|message| message["snippet"].is_string()));
    let mut asked: Vec<_> = parts_asked(&world).into_values().collect();
    asked.sort_unstable();
    assert_eq!((asked.iter().sum::<usize>(), asked.last(), refreshes(&world)), (41, Some(&2), 1));
    assert_eq!(world.random.waits(), 0, "a refresh needs no wait");
}

#[tokio::test]
async fn a_token_that_is_rejected_while_the_grant_is_dead_ends_the_access() {
    let world = connected().await;
    world.google.revoke(&sub(ANNA));
    assert_ended(&world, &list(&world, "").await, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_that_fails_for_now_on_a_later_page_does_not_cost_what_was_had() {
    let world = mailbox_of(700).await;
    world.google.faults().inject_times(Endpoint::List, 1, Effect::Delay(Duration::ZERO));
    world.google.faults().inject_times(Endpoint::List, 1, Effect::Gmail(GmailError::AuthError));
    world.google.faults().inject_times(Endpoint::Token, 9, status(503, &[]));
    let listed = listing(&list(&world, "").await);
    assert_eq!(ids(&listed).len(), 500);
    world.google.faults().clear_all();
    let token = listed["nextPageToken"].as_str().unwrap();
    assert_eq!(ids(&listing(&list(&world, &format!("pageToken={token}")).await)).len(), 200);
}

#[tokio::test]
async fn what_is_said_of_one_user_touches_no_other() {
    let world = stale().await;
    let other = tests::world::DAVID;
    world.connect(other).await;
    let row = world.connection(other);
    world.google.revoke(&sub(ANNA));
    assert_ended(&world, &list(&world, "").await, "invalid_grant");
    assert_eq!(world.connection(other), row);
    listing(&world.instance.send(&of(other, "")).await);
}
