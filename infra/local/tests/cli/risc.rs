//! A stream configuration API of the tests' own. It takes only what a service account's key signs, and records it.

use std::{
    future::pending,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rsa::{KeyPair, PublicKeyComponents},
    signature::RSA_PKCS1_2048_8192_SHA256,
};
use serde_json::{Value, json};
use shared::domain::time::{Clock, SystemClock};

const PEM: &str = include_str!("../../keys/emulator-only-1.pem");
const EMAIL: &str = "risc@project.iam.gserviceaccount.com";
const KEY_ID: &str = "key-of-the-tests";
const AUDIENCE: &str = "https://risc.googleapis.com/google.identity.risc.v1beta.RiscManagementService";

/// The key file of the service account that may configure the stream.
pub(super) fn key_file() -> Value {
    json!({"type": "service_account", "private_key_id": KEY_ID, "private_key": PEM, "client_email": EMAIL})
}

/// What the API does instead of its work.
#[derive(Clone, Debug)]
pub(super) enum Instead {
    /// Answers this.
    Answer(u16, String),
    /// Answers nothing.
    Hang,
}

#[derive(Default)]
struct Held {
    configuration: Option<Value>,
    status: Option<String>,
    instead: Option<Instead>,
    requests: Vec<(String, Value)>,
}

/// The API, and what it holds.
#[derive(Clone, Default)]
pub(super) struct Risc(Arc<Mutex<Held>>);

impl Risc {
    /// Starts it, and says where it is.
    pub(super) async fn start() -> (Self, String) {
        let risc = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(risc.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        (risc, origin)
    }

    /// What came, in order: `POST /v1beta/stream:update` and the body.
    pub(super) fn requests(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().requests.clone()
    }

    pub(super) fn instead(&self, instead: Instead) {
        self.0.lock().unwrap().instead = Some(instead);
    }

    pub(super) fn refuse(&self, status: u16, message: &str) {
        self.instead(Instead::Answer(status, json!({"error": {"code": status, "message": message}}).to_string()));
    }

    pub(super) fn hold(&self, configuration: Value, status: &str) {
        let mut held = self.0.lock().unwrap();
        held.configuration = Some(configuration);
        held.status = Some(status.to_owned());
    }

    pub(super) fn status(&self) -> Option<String> {
        self.0.lock().unwrap().status.clone()
    }
}

async fn answer(State(risc): State<Risc>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let instead = risc.0.lock().unwrap().instead.clone();
    match instead {
        Some(Instead::Hang) => pending().await,
        Some(Instead::Answer(status, body)) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        None if !is_signed(&headers) => error(401, "Unauthorized."),
        None => risc.0.lock().unwrap().answer(&format!("{method} {uri}"), &body),
    }
}

impl Held {
    fn answer(&mut self, call: &str, body: &[u8]) -> Response {
        let body: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap() };
        self.requests.push((call.to_owned(), body.clone()));
        let not_registered = || error(404, "Project has no RISC configuration.");
        match call {
            "POST /v1beta/stream:update" => {
                self.configuration = Some(body);
                self.status.get_or_insert("enabled".to_owned());
                StatusCode::OK.into_response()
            }
            "GET /v1beta/stream" => {
                self.configuration.as_ref().map_or_else(not_registered, |it| it.to_string().into_response())
            }
            "GET /v1beta/stream/status" => {
                self.status.as_ref().map_or_else(not_registered, |it| json!({"status": it}).to_string().into_response())
            }
            "POST /v1beta/stream/status:update" if self.status.is_none() => {
                error(404, "Project has no existing RISC configuration, cannot update status.")
            }
            "POST /v1beta/stream/status:update" => {
                self.status = body["status"].as_str().map(str::to_owned);
                "{}".into_response()
            }
            "POST /v1beta/stream:verify" => StatusCode::NO_CONTENT.into_response(),
            _ => error(404, "There is no such call."),
        }
    }
}

fn error(status: u16, message: &str) -> Response {
    let body = json!({"error": {"code": status, "message": message, "status": "SOME_STATUS"}});
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

fn is_signed(headers: &HeaderMap) -> bool {
    let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let json = |text: &str| -> Value { serde_json::from_slice(&decode(text)).unwrap() };
    assert_eq!(json(header), json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID}));
    let claims = json(claims);
    let iat = claims["iat"].as_i64().unwrap();
    assert_eq!(claims, json!({"iss": EMAIL, "sub": EMAIL, "aud": AUDIENCE, "iat": iat, "exp": iat + 3600}));
    assert!((SystemClock.now().unix_seconds() - iat).abs() < 60);
    public_key().verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature)).is_ok()
}

fn public_key() -> PublicKeyComponents<Vec<u8>> {
    let text: String = PEM.split("-----").nth(2).unwrap().split_whitespace().collect();
    PublicKeyComponents::from(KeyPair::from_pkcs8(&STANDARD.decode(text).unwrap()).unwrap().public())
}
