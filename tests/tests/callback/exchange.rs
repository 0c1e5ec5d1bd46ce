//! The exchange of the code at the token endpoint.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use local::google::{Decision, Effect, Endpoint};
use ring::digest::{SHA256, digest};
use tests::world::{ANNA, CLIENT_ID, CLIENT_SECRET, CLIENT_SECRET_ID, REDIRECT_URI, Settings, World};
use tokio::net::TcpSocket;
use url::form_urlencoded;

use super::{
    assert_connected, assert_nothing_stored, assert_problem, body, connect, fault, program, status, token_error,
};

/// The forms that the token endpoint was sent.
fn forms(world: &World) -> Vec<BTreeMap<String, String>> {
    let requests = world.google.requests(Endpoint::Token);
    requests.iter().map(|request| form_urlencoded::parse(&request.body).into_owned().collect()).collect()
}

#[tokio::test]
async fn the_code_goes_with_the_verifier_of_its_challenge_and_the_same_redirect_uri() {
    let world = World::start().await;
    let visitor = program(&world);
    let url = visitor.begin("").await;
    let location = world.consent(&url, &Decision::all(ANNA));
    assert_connected(&visitor.get(&location).await);
    let parameter = |url: &str, name: &str| {
        url::Url::parse(url).unwrap().query_pairs().find(|(given, _)| given == name).unwrap().1.into_owned()
    };
    let form = forms(&world).remove(0);
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
    assert_eq!(challenge, parameter(&url, "code_challenge"));
    let code = parameter(&location, "code");
    let expected = [
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code", &code),
        ("code_verifier", &form["code_verifier"]),
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT_URI),
    ];
    assert!(form.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected), "{:?}", form.keys());
}

#[tokio::test]
async fn an_answer_of_5xx_or_429_is_tried_again_with_the_same_code_and_verifier() {
    for code in [500, 502, 503, 504, 429] {
        let world = World::start().await;
        fault(&world, Endpoint::Token, 2, status(code));
        assert_connected(&connect(&world, "").await);
        let forms = forms(&world);
        assert_eq!(forms.len(), 3);
        assert!(forms.iter().all(|form| *form == forms[0]));
    }
}

#[tokio::test]
async fn an_endpoint_that_fails_for_good_is_google_unavailable() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 99, status(503));
    assert_problem(&connect(&world, "").await, 502, "google_unavailable");
    assert!(world.google.calls(Endpoint::Token) >= 2);
    assert_nothing_stored(&world);
}

#[tokio::test]
async fn a_wait_that_google_asks_for_is_not_waited_past_the_deadline() {
    let world = World::start().await;
    let headers = vec![("retry-after".to_owned(), "3600".to_owned())];
    fault(&world, Endpoint::Token, 1, Effect::Status { status: 503, body: None, headers });
    assert_problem(&connect(&world, "").await, 502, "google_unavailable");
    assert_eq!(world.google.calls(Endpoint::Token), 1);
}

#[tokio::test]
async fn an_exchange_that_times_out_is_not_tried_again() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 1, Effect::Hang(Duration::from_mins(1)));
    let visitor = program(&world);
    let location = world.consent(&visitor.begin("").await, &Decision::all(ANNA));
    let answer = world.instance.send_within(&visitor.event(&location), Duration::from_secs(1)).await;
    assert_problem(&answer, 502, "google_unavailable");
    assert_eq!((world.google.calls(Endpoint::Token), world.random.waits()), (1, 0));
}

#[tokio::test]
async fn an_exchange_whose_answer_is_lost_is_not_tried_again() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 1, Effect::Disconnect);
    assert_problem(&connect(&world, "").await, 502, "google_unavailable");
    assert_eq!((world.google.calls(Endpoint::Token), world.random.waits()), (1, 0));
}

/// Has the client secret file name a token endpoint on a port where nobody listens yet.
fn closed_token_endpoint(world: &World) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut file = world.google.client_secret_file(CLIENT_ID).unwrap();
    file["web"]["token_uri"] = format!("http://{}/token", socket.local_addr().unwrap()).into();
    world.aws.secrets().put(CLIENT_SECRET_ID, &file.to_string()).unwrap();
    socket
}

#[tokio::test]
async fn a_connection_that_is_refused_is_tried_again() {
    let world = World::start().await;
    let (socket, google) = (closed_token_endpoint(&world), world.google.clone());
    let visitor = program(&world).at(&world.another_instance().await);
    world.random.at_next_wait(move || {
        let listener = socket.listen(8).unwrap();
        tokio::spawn(async move { axum::serve(listener, google.router()).await });
    });
    let location = world.consent(&visitor.begin("").await, &Decision::all(ANNA));
    assert_connected(&visitor.get(&location).await);
    assert_eq!(world.google.calls(Endpoint::Token), 1);
}

#[tokio::test]
async fn a_token_endpoint_that_stays_unreachable_is_google_unavailable() {
    let world = World::start().await;
    let _closed = closed_token_endpoint(&world);
    let visitor = program(&world).at(&world.another_instance().await);
    let location = world.consent(&visitor.begin("").await, &Decision::all(ANNA));
    assert_problem(&visitor.get(&location).await, 502, "google_unavailable");
    assert!(world.random.waits() > 0);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_google_unavailable_and_not_tried_again() {
    let too_large = format!("{{\"access_token\":\"{}\"}}", "x".repeat(1 << 20));
    for effect in [
        Effect::Malformed,
        body(""),
        body("{}"),
        body("[]"),
        body("{\"access_token\": 7}"),
        body(&too_large),
        status(302),
        status(404),
        token_error("invalid_request"),
        token_error("never_heard_of"),
    ] {
        let world = World::start().await;
        fault(&world, Endpoint::Token, 1, effect.clone());
        assert_problem(&connect(&world, "").await, 502, "google_unavailable");
        assert_eq!(world.google.calls(Endpoint::Token), 1, "{effect:?}");
        assert_nothing_stored(&world);
    }
}

#[tokio::test]
async fn invalid_grant_is_a_rejected_code() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 1, token_error("invalid_grant"));
    assert_problem(&connect(&world, "").await, 400, "code_rejected");
    assert_eq!(world.google.calls(Endpoint::Token), 1);
}

#[tokio::test]
async fn a_code_that_is_older_than_ten_minutes_is_rejected() {
    let world = World::start().await;
    let visitor = program(&world);
    let url = visitor.begin("").await;
    let location = world.consent(&url, &Decision::all(ANNA));
    let first = location.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    world.clock.advance(Duration::from_secs(599));
    let late = program(&world);
    let other = world.consent(&late.begin("").await, &Decision::all(ANNA));
    world.clock.advance(Duration::from_secs(2));
    let code = other.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    assert_problem(&late.get(&other.replace(&code, &first)).await, 400, "code_rejected");
}

#[tokio::test]
async fn what_google_says_does_not_go_out() {
    let world = World::start().await;
    let said = r#"{"error":"internal_failure","error_description":"something-of-googles"}"#;
    let effect = Effect::Status { status: 400, body: Some(said.to_owned()), headers: Vec::new() };
    fault(&world, Endpoint::Token, 1, effect);
    let answer = connect(&world, "").await;
    assert!(!answer.body().contains("googles") && !answer.body().contains("internal_failure"));
}

#[tokio::test]
async fn an_account_whose_organization_forbids_us_is_blocked_by_policy() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 1, token_error("admin_policy_enforced"));
    assert_problem(&connect(&world, "").await, 403, "blocked_by_policy");
    assert_nothing_stored(&world);
}

#[tokio::test]
async fn without_public_base_url_the_redirect_uri_is_that_of_the_events_host() {
    let world = Settings::default().variable("PUBLIC_BASE_URL", "").start().await;
    let visitor = program(&world);
    let begun = visitor.send(&visitor.event("/authorize-url").domain_name("mail.example.com")).await;
    let url = begun.json().unwrap()["authorization_url"].as_str().unwrap().to_owned();
    let location = world.consent(&url, &Decision::all(ANNA));
    assert_connected(&visitor.send(&visitor.event(&location).domain_name("mail.example.com")).await);
    assert_eq!(forms(&world)[0]["redirect_uri"], REDIRECT_URI);
}

#[tokio::test]
async fn with_no_time_left_there_is_still_an_answer() {
    let world = World::start().await;
    let visitor = program(&world);
    let location = world.consent(&visitor.begin("").await, &Decision::all(ANNA));
    let answer = world.instance.send_within(&visitor.event(&location), Duration::ZERO).await;
    assert_problem(&answer, 502, "google_unavailable");
}
