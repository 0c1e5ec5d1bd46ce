//! Registering, looking and asking for a verification event.

use local::{
    google::Outcome,
    stack::{Settings, Stack},
};
use serde_json::{Value, json};

use super::{
    program::{self, KeyFile, Said, security_events},
    risc::Risc,
};

const BASE_URL: &str = "https://mail.example.com";
const ENDPOINT: &str = "https://mail.example.com/security-events";
const PUSH: &str = "https://schemas.openid.net/secevent/risc/delivery-method/push";

/// An API and a key for it.
struct World {
    risc: Risc,
    origin: String,
    key: KeyFile,
}

impl World {
    async fn new() -> Self {
        let (risc, origin) = Risc::start().await;
        Self { risc, origin, key: KeyFile::good() }
    }

    async fn run(&self, arguments: &[&str]) -> Said {
        let (key, origin) = (self.key.path(), self.origin.clone());
        security_events(&[arguments, &["--key", &key, "--risc-url", &origin]].concat()).await
    }
}

fn event_types() -> Value {
    let risc = "https://schemas.openid.net/secevent/risc/event-type/";
    let oauth = "https://schemas.openid.net/secevent/oauth/event-type/";
    json!([
        format!("{risc}sessions-revoked"),
        format!("{oauth}tokens-revoked"),
        format!("{oauth}token-revoked"),
        format!("{risc}account-disabled"),
        format!("{risc}account-enabled"),
        format!("{risc}account-credential-change-required"),
        format!("{risc}verification"),
    ])
}

fn configuration() -> Value {
    json!({"delivery": {"delivery_method": PUSH, "url": ENDPOINT}, "events_requested": event_types()})
}

#[tokio::test]
async fn registering_sends_every_event_type_and_shows_what_google_has_then() {
    let world = World::new().await;
    let said = world.run(&["register", "--url", BASE_URL]).await;
    assert_eq!(said.status, Some(0), "{said:?}");
    for part in
        [ENDPOINT, "enabled", "token-revoked", "account-credential-change-required", "what Gmail Connect needs."]
    {
        assert!(said.output.contains(part), "{said:?}");
    }
    let expected = [
        ("POST /v1beta/stream:update".to_owned(), configuration()),
        ("GET /v1beta/stream".to_owned(), Value::Null),
        ("GET /v1beta/stream/status".to_owned(), Value::Null),
    ];
    assert_eq!(world.risc.requests(), expected);
}

#[tokio::test]
async fn the_endpoint_may_be_given_in_full_and_the_key_by_the_environment() {
    let world = World::new().await;
    let arguments = ["security-events", "--risc-url", &world.origin, "register", "--url", ENDPOINT, "--json"];
    let said = program::run(arguments.map(str::to_owned).to_vec(), Some(world.key.path().into())).await;
    assert_eq!(said.status, Some(0), "{said:?}");
    let shown = json!({
        "endpoint": ENDPOINT, "delivery_method": PUSH, "events": event_types(), "status": "enabled", "differences": [],
    });
    assert_eq!(said.json(), shown);
}

#[tokio::test]
async fn a_stream_that_stays_disabled_after_registering_is_told() {
    let world = World::new().await;
    world.risc.hold(configuration(), "disabled");
    let said = world.run(&["register", "--url", BASE_URL]).await;
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.output.contains("security-events status --enable"), "{said:?}");
}

#[tokio::test]
async fn the_status_tells_every_difference() {
    let world = World::new().await;
    let mut held = configuration();
    held["delivery"]["url"] = json!("https://other.example.com/events");
    held["events_requested"].as_array_mut().unwrap().remove(2);
    world.risc.hold(held, "disabled");
    let said = world.run(&["status", "--json", "--url", BASE_URL]).await;
    assert_eq!(said.status, Some(1), "{said:?}");
    let differences = said.json()["differences"].clone();
    let codes: Vec<_> = differences.as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["endpoint", "events_missing", "not_enabled"]);
    let said = world.run(&["status"]).await;
    assert!(said.output.contains("types of events: token-revoked."), "{said:?}");
}

#[tokio::test]
async fn events_are_switched_off_and_on() {
    let world = World::new().await;
    world.risc.hold(configuration(), "enabled");
    assert_eq!(world.run(&["status", "--disable"]).await.status, Some(1));
    assert_eq!(world.risc.status().as_deref(), Some("disabled"));
    assert_eq!(world.run(&["status", "--enable"]).await.status, Some(0));
    assert_eq!(world.risc.status().as_deref(), Some("enabled"));
}

#[tokio::test]
async fn a_verification_event_has_a_random_state_that_is_shown() {
    let world = World::new().await;
    let said = world.run(&["verify"]).await;
    assert_eq!(said.status, Some(0), "{said:?}");
    let other = world.run(&["verify", "--json"]).await;
    let requests = world.risc.requests();
    let state = |index: usize| requests[index].1["state"].as_str().unwrap().to_owned();
    assert_eq!(requests[0].0, "POST /v1beta/stream:verify");
    assert!(said.output.contains(&state(0)) && said.output.contains("security-events"), "{said:?}");
    assert_eq!(other.json(), json!({"state": state(1)}));
    assert!(state(0).len() >= 22 && state(0) != state(1));
}

#[tokio::test]
async fn without_a_registration_every_command_but_the_first_says_how_to_register() {
    let world = World::new().await;
    for arguments in [&["status"][..], &["status", "--enable"]] {
        let said = world.run(arguments).await;
        assert_eq!(said.status, Some(1), "{said:?}");
        assert!(said.error.contains("no stream") && said.error.contains("register --url"), "{said:?}");
    }
}

#[tokio::test]
async fn the_emulated_google_takes_a_registration_and_delivers_the_event_that_is_asked_for() {
    let stack = Stack::start(Settings::default()).await.unwrap();
    let google = stack.google().unwrap();
    let key = KeyFile::new(&google.service_account_key().to_string());
    let (key, origin) = (key.path(), google.origin().to_owned());
    let run = async |arguments: &[&str]| {
        security_events(&[arguments, &["--key", &key, "--risc-url", &origin]].concat()).await
    };
    let registered = run(&["register", "--url", stack.base_url()]).await;
    assert_eq!(registered.status, Some(0), "{registered:?}");
    let status = run(&["status", "--url", stack.base_url(), "--json"]).await;
    assert_eq!(status.status, Some(0), "{status:?}");
    let verify = run(&["verify"]).await;
    assert_eq!(verify.status, Some(0), "{verify:?}");
    google.settled().await;
    let deliveries = google.deliveries();
    let [delivery] = deliveries.as_slice() else { panic!("{deliveries:?}") };
    assert_eq!((delivery.outcome, delivery.tries), (Outcome::Delivered, 1), "{delivery:?}");
    let elsewhere = run(&["register", "--url", "https://mail.example.com"]).await;
    assert_eq!(elsewhere.status, Some(1));
    assert!(elsewhere.error.contains("authorized domains"), "{elsewhere:?}");
}
