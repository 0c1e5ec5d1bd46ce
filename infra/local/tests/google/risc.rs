//! The management API of security events, called with JWTs of the service account.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use local::google::{Effect, Endpoint, StreamTrouble};
use reqwest::Method;
use ring::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use serde_json::{Value, json};
use shared::domain::time::Clock;

use super::support::*;

const AUDIENCE: &str = "https://risc.googleapis.com/google.identity.risc.v1beta.RiscManagementService";
const PUSH: &str = "https://schemas.openid.net/secevent/risc/delivery-method/push";
const DISABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
const ENDPOINT: &str = "http://localhost:9/security-events";

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Signs as a client of the API does: with nothing but the key file.
fn signed(key: &Value, header: &Value, claims: &Value) -> String {
    let pem = key["private_key"].as_str().unwrap();
    let inside: String = pem.split("-----").nth(2).unwrap().split_whitespace().collect();
    let pair = KeyPair::from_pkcs8(&STANDARD.decode(inside).unwrap()).unwrap();
    let text = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

impl World {
    fn key(&self) -> Value {
        self.google.service_account_key()
    }

    fn header(&self) -> Value {
        json!({ "alg": "RS256", "typ": "JWT", "kid": self.key()["private_key_id"] })
    }

    fn jwt_claims(&self) -> Value {
        let (email, now) = (self.key()["client_email"].clone(), self.clock.now().unix_seconds());
        json!({ "iss": email, "sub": email, "aud": AUDIENCE, "iat": now, "exp": now + 3600 })
    }

    pub(super) fn jwt(&self) -> String {
        signed(&self.key(), &self.header(), &self.jwt_claims())
    }

    async fn risc_with(&self, bearer: &str, method: Method, path: &str, body: &str) -> (u16, Value) {
        let request = self.http.request(method, format!("{}/v1beta/stream{path}", self.origin));
        answer(request.bearer_auth(bearer).body(body.to_owned())).await
    }

    pub(super) async fn risc_post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.risc_with(&self.jwt(), Method::POST, path, &body.to_string()).await
    }

    async fn risc_get(&self, path: &str) -> (u16, Value) {
        self.risc_with(&self.jwt(), Method::GET, path, "").await
    }
}

fn registration(url: &str) -> Value {
    json!({ "delivery": { "delivery_method": PUSH, "url": url }, "events_requested": [DISABLED] })
}

#[tokio::test]
async fn a_stream_is_registered_shown_disabled_and_enabled() {
    let world = world().await;
    assert_eq!(world.risc_post(":update", &registration(ENDPOINT)).await, (200, json!({})));
    let expected = json!({
        "iss": "https://accounts.google.com/",
        "aud": ["app", "other"],
        "delivery": { "delivery_method": PUSH, "url": ENDPOINT },
        "events_requested": [DISABLED],
        "status": "enabled",
    });
    assert_eq!(world.risc_get("").await, (200, expected));
    assert_eq!(world.risc_post("/status:update", &json!({ "status": "disabled" })).await.0, 200);
    assert_eq!(world.risc_get("/status").await, (200, json!({ "status": "disabled" })));
    world.risc_post(":update", &registration("http://127.0.0.1:9/")).await;
    assert_eq!(world.risc_get("/status").await.1["status"], "disabled", "an update leaves the status as it is");
    assert_eq!(world.risc_post("/status:update", &json!({ "status": "enabled" })).await.0, 200);
    assert_eq!(world.risc_get("").await.1["delivery"]["url"], "http://127.0.0.1:9/");
    assert_eq!(world.google.calls(Endpoint::Risc), 8);
}

#[tokio::test]
async fn a_stream_that_is_not_registered_cannot_be_managed() {
    let world = world().await;
    let message = |(status, body): (u16, Value)| (status, body["error"]["message"].as_str().unwrap().to_owned());
    let none = (404, "Project has no RISC configuration.".to_owned());
    assert_eq!(message(world.risc_get("").await), none);
    assert_eq!(message(world.risc_get("/status").await), none);
    assert_eq!(message(world.risc_post(":verify", &json!({ "state": "s" })).await), none);
    let expected = "Project has no existing RISC configuration, cannot update status.";
    let update = world.risc_post("/status:update", &json!({ "status": "enabled" })).await;
    assert_eq!(message(update), (404, expected.to_owned()));
}

#[tokio::test]
async fn a_registration_that_lacks_something_says_what() {
    let world = world().await;
    for pointer in ["/delivery", "/delivery/delivery_method", "/delivery/url", "/events_requested"] {
        let mut body = registration(ENDPOINT);
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field);
        let (status, body) = world.risc_post(":update", &body).await;
        let message = format!("Stream configuration must contain {field} field.");
        assert_eq!((status, body), (400, error(400, &message, "INVALID_ARGUMENT")));
    }
    for (field, value) in [("delivery_method", json!("poll")), ("events_requested", json!(["tokens-revoked"]))] {
        let mut body = registration(ENDPOINT);
        match field {
            "delivery_method" => body["delivery"][field] = value,
            _ => body[field] = value,
        }
        let (status, body) = world.risc_post(":update", &body).await;
        assert_eq!((status, &body["error"]["status"]), (400, &json!("INVALID_ARGUMENT")), "{field}");
    }
    assert_eq!(world.risc_with(&world.jwt(), Method::POST, ":update", "not JSON").await.0, 400);
    assert_eq!(world.risc_get("").await.0, 404, "nothing was registered");
}

fn error(code: u16, message: &str, status: &str) -> Value {
    json!({ "error": { "code": code, "message": message, "status": status } })
}

#[tokio::test]
async fn an_endpoint_must_be_secure_and_on_a_domain_of_the_project() {
    let world = world().await;
    let refused = |message| (403, error(403, message, "PERMISSION_DENIED"));
    let not_https = refused("Delivery endpoint must be an HTTPS URL.");
    let not_ours = refused("Delivery endpoint does not belong to any of your project's domains.");
    for (url, expected) in [("http://mail.example.com/", &not_https), ("https://mail.example.com/", &not_ours)] {
        assert_eq!(&world.risc_post(":update", &registration(url)).await, expected, "{url}");
    }
    world.google.authorize_domain("example.com");
    assert_eq!(world.risc_post(":update", &registration("https://mail.example.com/")).await.0, 200);
    assert_eq!(world.risc_post(":update", &registration("http://mail.example.com/")).await, not_https);
    let status = world.risc_post("/status:update", &json!({ "status": "paused" })).await;
    assert_eq!(status, refused("Unsupported status. Invalid status."));
}

#[tokio::test]
async fn every_trouble_of_a_project_is_refused_in_googles_words() {
    let world = world().await;
    for (trouble, part) in [
        (StreamTrouble::ManagedByFirebase, "does not have spec-compliant delivery method for RISC"),
        (StreamTrouble::NoRole, "Service account needs permission to access your RISC configuration"),
        (StreamTrouble::ApiDisabled, "RISC API has not been used in project"),
        (StreamTrouble::ProjectNotFound, "Project could not be found."),
        (StreamTrouble::NoOAuthClient, "must have at least one OAuth client configured."),
        (StreamTrouble::NotAServiceAccount, "should only be called by a service account."),
    ] {
        world.google.stream_trouble(trouble);
        let (status, body) = world.risc_post(":update", &registration(ENDPOINT)).await;
        assert_eq!((status, &body["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
        assert!(body["error"]["message"].as_str().unwrap().contains(part), "{body}");
        let disabled = body["error"]["details"][0]["reason"] == "SERVICE_DISABLED";
        assert_eq!(disabled, trouble == StreamTrouble::ApiDisabled);
    }
    world.google.stream_trouble(None);
    assert_eq!(world.risc_post(":update", &registration(ENDPOINT)).await.0, 200);
}

#[tokio::test]
async fn only_a_jwt_that_is_right_in_everything_is_let_in() {
    let world = world().await;
    let status = async |jwt: &str| world.risc_with(jwt, Method::GET, "/status", "").await;
    let now = world.clock.now().unix_seconds();
    assert_eq!(status(&world.jwt()).await.0, 404, "let in");
    for (claim, value) in [
        ("iss", json!("someone@emulated-google.iam.gserviceaccount.com")),
        ("sub", json!("someone@emulated-google.iam.gserviceaccount.com")),
        ("aud", json!("https://oauth2.googleapis.com/token")),
        ("iat", json!(now + 1)),
        ("exp", json!(now)),
        ("exp", json!(now + 3601)),
        ("exp", json!(i64::MIN)),
        ("exp", Value::Null),
    ] {
        let mut claims = world.jwt_claims();
        claims[claim] = value.clone();
        let answer = status(&signed(&world.key(), &world.header(), &claims)).await;
        assert_eq!(answer, (401, error(401, "Unauthorized.", "UNAUTHENTICATED")), "{claim}: {value}");
    }
    for (field, value) in [("kid", "another"), ("alg", "none")] {
        let mut header = world.header();
        header[field] = json!(value);
        assert_eq!(status(&signed(&world.key(), &header, &world.jwt_claims())).await.0, 401, "{field}");
    }
    let (text, _) = world.jwt().rsplit_once('.').map(|(text, signature)| (text.to_owned(), signature.len())).unwrap();
    let other = world.google.security_event(&world.jwt_claims());
    let foreign = format!("{text}.{}", other.rsplit_once('.').unwrap().1);
    for jwt in [&foreign, &format!("{text}."), &text, &"x".to_owned()] {
        assert_eq!(status(jwt).await.0, 401, "{jwt}");
    }
    let without = world.http.get(format!("{}/v1beta/stream", world.origin));
    assert_eq!(answer(without).await.0, 401);
}

#[tokio::test]
async fn a_jwt_lives_an_hour_by_the_clock() {
    let world = world().await;
    let jwt = world.jwt();
    world.clock.pass(std::time::Duration::from_secs(3599));
    assert_eq!(world.risc_with(&jwt, Method::GET, "", "").await.0, 404);
    world.clock.pass(std::time::Duration::from_secs(1));
    assert_eq!(world.risc_with(&jwt, Method::GET, "", "").await.0, 401);
}

#[tokio::test]
async fn a_users_access_token_is_no_service_account() {
    let world = world().await;
    let token = world.access_token(ANNA).await;
    let (status, body) = world.risc_with(&token, Method::GET, "", "").await;
    let message = "Stream management APIs should only be called by a service account.";
    assert_eq!((status, body), (403, error(403, message, "PERMISSION_DENIED")));
}

#[tokio::test]
async fn the_key_file_can_be_fetched_as_google_gives_it_out() {
    let world = world().await;
    let file: Value = serde_json::from_str(&world.get("/service-account.json").await.text().await.unwrap()).unwrap();
    assert_eq!(file, world.key());
    assert_eq!(file["type"], "service_account");
    assert_eq!(file["token_uri"], format!("{}/token", world.origin));
    assert!(file["private_key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

#[tokio::test]
async fn a_fault_strikes_the_management_api_by_its_name() {
    let world = world().await;
    for (endpoint, fault) in local::google::Faults::parse("risc=503x1").unwrap() {
        assert!(matches!(fault.effect, Effect::Status { status: 503, .. }));
        world.google.faults().inject(endpoint, fault);
    }
    let response = world.get("/v1beta/stream").await;
    assert_eq!(response.status().as_u16(), 503);
    assert_eq!(world.risc_get("").await.0, 404);
}

#[tokio::test]
async fn a_stream_is_in_the_snapshot_and_an_older_snapshot_has_none() {
    let old = world().await;
    old.risc_post(":update", &registration(ENDPOINT)).await;
    old.risc_post("/status:update", &json!({ "status": "disabled" })).await;
    let mut snapshot = old.google.snapshot();
    let new = world().await;
    new.google.restore(snapshot.clone()).unwrap();
    assert_eq!(new.risc_get("").await.1, old.risc_get("").await.1);
    snapshot.as_object_mut().unwrap().remove("stream");
    snapshot["grants"].as_object_mut().unwrap().remove("former");
    new.google.restore(snapshot).unwrap();
    assert_eq!(new.risc_get("").await.0, 404);
}
