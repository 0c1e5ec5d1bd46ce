//! Security events, from what happens to an account to the endpoint that is told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use local::google::{Decision, DisabledReason, Outcome, SecurityEvent, TokenName};
use ring::digest::{SHA512, digest};
use serde_json::{Value, json};
use shared::domain::time::Clock;
use tokio::sync::watch;

use super::support::*;

const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";
const OAUTH: &str = "https://schemas.openid.net/secevent/oauth/event-type/";

/// An endpoint that answers with these statuses in turn, and with 202 after them; it keeps what it took.
#[derive(Clone, Default)]
struct Receiver {
    statuses: Arc<Mutex<Vec<u16>>>,
    received: Arc<Mutex<Vec<(String, String)>>>,
    arrived: watch::Sender<()>,
}

impl Receiver {
    /// Starts it, and has a world's Google deliver there.
    async fn start(world: &World, statuses: &[u16]) -> Self {
        let receiver = Self::default();
        receiver.statuses.lock().unwrap().extend(statuses.iter().rev());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/security-events", listener.local_addr().unwrap());
        let endpoint = receiver.clone();
        let take = move |headers: HeaderMap, body: String| async move { endpoint.take(&headers, body) };
        let router = Router::new().route("/security-events", post(take));
        tokio::spawn(axum::serve(listener, router).into_future());
        world.google.deliver_security_events_to(&url);
        world.google.wait_before_redelivery(Duration::from_millis(1));
        receiver
    }

    fn take(&self, headers: &HeaderMap, body: String) -> StatusCode {
        self.received.lock().unwrap().push((headers["content-type"].to_str().unwrap().to_owned(), body));
        self.arrived.send_replace(());
        StatusCode::from_u16(self.statuses.lock().unwrap().pop().unwrap_or(202)).unwrap()
    }

    fn sets(&self) -> Vec<String> {
        self.received.lock().unwrap().iter().map(|(_, set)| set.clone()).collect()
    }

    /// Audience and events of each that came.
    fn events(&self) -> Vec<(String, Value)> {
        let event = |set: &String| (claims(set)["aud"].as_str().unwrap().to_owned(), claims(set)["events"].clone());
        self.sets().iter().map(event).collect()
    }
}

fn subject(sub: &str) -> Value {
    json!({ "subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": sub })
}

/// An event about Anna's account, with more in it.
fn about_anna(event_type: &str, more: &[(&str, &str)]) -> Value {
    let mut payload = json!({ "subject": subject(&sub(ANNA)) });
    for (name, value) in more {
        payload[name] = json!(value);
    }
    json!({ event_type: payload })
}

async fn connected(statuses: &[u16]) -> (World, Receiver) {
    let world = world().await;
    world.tokens(ANNA, &[]).await;
    let receiver = Receiver::start(&world, statuses).await;
    (world, receiver)
}

fn sign_out() -> SecurityEvent {
    SecurityEvent::SessionsRevoked { sub: sub(ANNA) }
}

fn outcomes(world: &World) -> Vec<(u32, Option<u16>, Outcome)> {
    world.google.deliveries().iter().map(|it| (it.tries, it.status, it.outcome)).collect()
}

#[tokio::test]
async fn an_event_is_a_signed_token_that_says_what_happened_to_whom() {
    let (world, receiver) = connected(&[]).await;
    world.clock.pass(Duration::from_mins(5));
    world.google.announce(&sign_out());
    world.google.settled().await;
    let (content_type, set) = receiver.received.lock().unwrap()[0].clone();
    assert_eq!(content_type, "application/secevent+jwt");
    assert!(verifies(&set, &jwks(&world).await));
    let header = decoded(set.split('.').next().unwrap());
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("secevent+jwt")));
    let delivery = &world.google.deliveries()[0];
    let expected = json!({
        "iss": "https://accounts.google.com/",
        "aud": "app",
        "iat": world.clock.now().unix_seconds(),
        "jti": delivery.jti,
        "events": about_anna(&format!("{RISC}sessions-revoked"), &[]),
    });
    assert_eq!(claims(&set), expected);
    assert_eq!((delivery.event_type, &*delivery.client_id), (&*format!("{RISC}sessions-revoked"), "app"));
}

#[tokio::test]
async fn each_type_of_event_has_googles_form() {
    let (world, receiver) = connected(&[]).await;
    let sub = || sub(ANNA);
    let disabled = |reason| SecurityEvent::AccountDisabled { sub: sub(), reason };
    let cases = [
        (SecurityEvent::SessionsRevoked { sub: sub() }, about_anna(&format!("{RISC}sessions-revoked"), &[])),
        (SecurityEvent::TokensRevoked { sub: sub() }, about_anna(&format!("{OAUTH}tokens-revoked"), &[])),
        (disabled(None), about_anna(&format!("{RISC}account-disabled"), &[])),
        (
            disabled(Some(DisabledReason::Hijacking)),
            about_anna(&format!("{RISC}account-disabled"), &[("reason", "hijacking")]),
        ),
        (
            disabled(Some(DisabledReason::BulkAccount)),
            about_anna(&format!("{RISC}account-disabled"), &[("reason", "bulk-account")]),
        ),
        (SecurityEvent::AccountEnabled { sub: sub() }, about_anna(&format!("{RISC}account-enabled"), &[])),
        (
            SecurityEvent::AccountCredentialChangeRequired { sub: sub() },
            about_anna(&format!("{RISC}account-credential-change-required"), &[]),
        ),
        (
            SecurityEvent::Verification { state: "the state".to_owned() },
            json!({ format!("{RISC}verification"): { "state": "the state" } }),
        ),
    ];
    let expected: Vec<_> = cases.iter().map(|(_, payload)| ("app".to_owned(), payload.clone())).collect();
    for (event, _) in cases {
        world.google.announce(&event);
    }
    world.google.settled().await;
    assert_eq!(receiver.events(), expected, "and in their order");
    let mut ids: Vec<_> = world.google.deliveries().into_iter().map(|delivery| delivery.jti).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), expected.len(), "each has an id of its own");
}

#[tokio::test]
async fn a_revoked_token_is_named_without_being_told() {
    let (world, receiver) = connected(&[]).await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let issued = world.tokens(ANNA, &[("prompt", "consent")]).await;
        tokens.push(issued["refresh_token"].as_str().unwrap().to_owned());
    }
    for named_by in [TokenName::Prefix, TokenName::Hash] {
        world.google.announce(&SecurityEvent::TokenRevoked { sub: sub(ANNA), named_by });
    }
    world.google.settled().await;
    let subjects: Vec<_> = receiver
        .events()
        .into_iter()
        .map(|(_, event)| event[format!("{OAUTH}token-revoked")]["subject"].clone())
        .collect();
    assert_eq!(subjects.len(), 6, "three live tokens, each named twice");
    let subject = |algorithm: &str, token: String| {
        json!({
            "subject_type": "oauth_token",
            "token_type": "refresh_token",
            "token_identifier_alg": algorithm,
            "token": token,
        })
    };
    for token in tokens {
        assert!(subjects.contains(&subject("prefix", token[..16].to_owned())));
        let hash = STANDARD.encode(digest(&SHA512, digest(&SHA512, token.as_bytes()).as_ref()));
        assert!(subjects.contains(&subject("hash_base64_sha512_sha512", hash)));
        assert!(receiver.sets().iter().all(|set| !claims(set).to_string().contains(&token)));
    }
    world.google.revoke(&sub(ANNA));
    world.google.announce(&SecurityEvent::TokenRevoked { sub: sub(ANNA), named_by: TokenName::Prefix });
    world.google.settled().await;
    assert_eq!(receiver.sets().len(), 6, "dead tokens are not named");
}

#[tokio::test]
async fn every_application_that_may_know_the_user_is_told_and_no_other() {
    let world = world().await;
    world.tokens(ANNA, &[]).await;
    let other = [("client_id", "other"), ("client_secret", "0ther")];
    let code = world.code(&[("client_id", "other"), ("scope", READONLY)]);
    world.exchange(&code, &other).await;
    let receiver = Receiver::start(&world, &[]).await;
    let audiences = || receiver.events().into_iter().map(|(audience, _)| audience).collect::<Vec<_>>();
    world.google.announce(&sign_out());
    world.google.announce(&SecurityEvent::SessionsRevoked { sub: "nobody".to_owned() });
    world.google.settled().await;
    assert_eq!(audiences(), ["app"], "the other application does not know who the user is");
    world.consent(&[("client_id", "other"), ("scope", "profile")], &Decision::all(ANNA));
    world.google.announce(&sign_out());
    world.google.settled().await;
    assert_eq!(audiences(), ["app", "app", "other"]);
}

#[tokio::test]
async fn an_application_whose_access_was_removed_still_hears_of_it_but_one_that_gave_it_back_does_not() {
    let world = world().await;
    let tokens = world.tokens(ANNA, &[]).await;
    let receiver = Receiver::start(&world, &[]).await;
    world.google.revoke(&sub(ANNA));
    assert!(world.google.deliveries().is_empty(), "revoking from behind is silent");
    world.google.announce(&SecurityEvent::TokensRevoked { sub: sub(ANNA) });
    world.google.settled().await;
    assert_eq!(receiver.sets().len(), 1);
    drop(tokens);
    let tokens = world.tokens(ANNA, &[]).await;
    let form = [("token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(answer(world.http.post(format!("{}/revoke", world.origin)).form(&form)).await.0, 200);
    assert_eq!(world.google.deliveries().len(), 1, "an application's own revocation is no news to it");
    world.google.announce(&sign_out());
    world.google.settled().await;
    assert_eq!(receiver.sets().len(), 1);
}

#[tokio::test]
async fn an_event_is_sent_again_until_it_is_taken_and_the_next_ones_wait() {
    let (world, receiver) = connected(&[500, 401, 200, 202]).await;
    world.google.announce(&sign_out());
    world.google.announce(&SecurityEvent::AccountEnabled { sub: sub(ANNA) });
    world.google.settled().await;
    let sets = receiver.sets();
    assert_eq!(sets.len(), 4);
    assert!(sets[0] == sets[1] && sets[1] == sets[2] && sets[2] != sets[3], "the very same token comes again");
    assert_eq!(outcomes(&world), [(3, Some(200), Outcome::Delivered), (1, Some(202), Outcome::Delivered)]);
}

#[tokio::test]
async fn an_event_that_the_receiver_calls_wrong_is_dropped() {
    let (world, receiver) = connected(&[400]).await;
    world.google.announce(&sign_out());
    world.google.announce(&sign_out());
    world.google.settled().await;
    assert_eq!(outcomes(&world), [(1, Some(400), Outcome::Rejected), (1, Some(202), Outcome::Delivered)]);
    assert_eq!(receiver.sets().len(), 2);
}

#[tokio::test]
async fn an_event_that_nobody_takes_is_given_up_after_six_tries() {
    let world = world().await;
    world.tokens(ANNA, &[]).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.google.deliver_security_events_to(&format!("http://{}/", closed.local_addr().unwrap()));
    drop(closed);
    world.google.wait_before_redelivery(Duration::ZERO);
    world.google.announce(&sign_out());
    world.google.settled().await;
    assert_eq!(outcomes(&world), [(6, None, Outcome::GivenUp)]);
}

#[tokio::test]
async fn nothing_is_sent_without_a_stream_or_while_it_is_disabled_or_unless_requested() {
    let world = world().await;
    world.tokens(ANNA, &[]).await;
    world.google.announce(&sign_out());
    let receiver = Receiver::start(&world, &[]).await;
    world.risc_post("/status:update", &json!({ "status": "disabled" })).await;
    world.google.announce(&sign_out());
    assert_eq!(world.risc_post(":verify", &json!({ "state": "s" })).await.0, 200);
    world.risc_post("/status:update", &json!({ "status": "enabled" })).await;
    let url = stream_url(&world).await;
    let delivery =
        json!({ "delivery_method": "https://schemas.openid.net/secevent/risc/delivery-method/push", "url": url });
    let requested = [format!("{RISC}account-enabled")];
    let update = json!({ "delivery": delivery, "events_requested": requested });
    assert_eq!(world.risc_post(":update", &update).await.0, 200);
    world.google.announce(&sign_out());
    world.google.announce(&SecurityEvent::AccountEnabled { sub: sub(ANNA) });
    world.google.settled().await;
    let types: Vec<_> = world.google.deliveries().iter().map(|delivery| delivery.event_type).collect();
    assert_eq!(types, requested);
    assert_eq!(receiver.sets().len(), 1);
}

async fn stream_url(world: &World) -> Value {
    let request = world.http.get(format!("{}/v1beta/stream", world.origin)).bearer_auth(world.jwt());
    answer(request).await.1["delivery"]["url"].clone()
}

#[tokio::test]
async fn what_is_pending_when_the_stream_is_disabled_is_lost() {
    let (world, receiver) = connected(&[503; 5]).await;
    let (google, mut arrived) = (world.google.clone(), receiver.arrived.subscribe());
    world.google.wait_before_redelivery(Duration::from_millis(100));
    google.announce(&sign_out());
    arrived.changed().await.unwrap();
    world.risc_post("/status:update", &json!({ "status": "disabled" })).await;
    google.settled().await;
    assert_eq!(google.deliveries()[0].outcome, Outcome::GivenUp);
    assert!(receiver.sets().len() < 6, "long before it would have been given up anyway");
}

#[tokio::test]
async fn a_verification_comes_back_with_its_state() {
    let (world, receiver) = connected(&[]).await;
    assert_eq!(world.risc_post(":verify", &json!({ "state": "a1b2" })).await, (200, json!({})));
    world.google.settled().await;
    let expected = json!({ format!("{RISC}verification"): { "state": "a1b2" } });
    assert_eq!(receiver.events(), [("app".to_owned(), expected)]);
}

#[tokio::test]
async fn no_request_waits_for_a_delivery() {
    let world = world().await;
    world.tokens(ANNA, &[]).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.google.deliver_security_events_to(&format!("http://{}/", silent.local_addr().unwrap()));
    assert_eq!(world.risc_post(":verify", &json!({ "state": "s" })).await.0, 200);
    assert_eq!(outcomes(&world), [(0, None, Outcome::Pending)], "the endpoint has not answered, but the caller is");
}
