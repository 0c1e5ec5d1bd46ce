//! The management API of Cross-Account Protection: where the project's security events go
//! (<https://developers.google.com/identity/protocols/risc>).
//!
//! One thing is laxer than at Google: an endpoint on the machine itself may be plain HTTP.

mod failure;
mod stream;

use std::sync::Mutex;

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Value, json};

use self::failure::Failure;
pub use self::failure::StreamTrouble;
pub(super) use self::stream::{PUSH, Stream};
use super::{EmulatedGoogle, ISSUER, SecurityEvent, gmail::bearer, lock};

/// Whom a service account's JWT must be for.
const AUDIENCE: &str = "https://risc.googleapis.com/google.identity.risc.v1beta.RiscManagementService";

/// The project's stream, and what its management looks at.
#[derive(Default)]
pub(super) struct Risc {
    stream: Mutex<Option<Stream>>,
    domains: Mutex<Vec<String>>,
    trouble: Mutex<Option<StreamTrouble>>,
}

impl Risc {
    pub(super) fn stream(&self) -> Option<Stream> {
        lock(&self.stream).clone()
    }

    pub(super) fn set_stream(&self, stream: Option<Stream>) {
        *lock(&self.stream) = stream;
    }
}

type Answer = Result<Json<Value>, Failure>;

/// `POST /v1beta/stream:update`: registers an endpoint, or another. What was enabled or disabled stays so.
pub(super) async fn update(State(google): State<EmulatedGoogle>, headers: HeaderMap, body: Bytes) -> Response {
    answer(google.admit(&headers).and_then(|()| google.update_stream(&body)))
}

/// `GET /v1beta/stream`.
pub(super) async fn show(State(google): State<EmulatedGoogle>, headers: HeaderMap) -> Response {
    answer(google.admit(&headers).and_then(|()| google.show_stream()))
}

/// `GET /v1beta/stream/status`.
pub(super) async fn show_status(State(google): State<EmulatedGoogle>, headers: HeaderMap) -> Response {
    let stream = google.admit(&headers).and_then(|()| google.0.risc.stream().ok_or(Failure::NoConfiguration));
    answer(stream.map(|stream| Json(json!({ "status": stream.status }))))
}

/// `POST /v1beta/stream/status:update`.
pub(super) async fn update_status(State(google): State<EmulatedGoogle>, headers: HeaderMap, body: Bytes) -> Response {
    answer(google.admit(&headers).and_then(|()| google.update_status(&body)))
}

/// `POST /v1beta/stream:verify`: a verification event follows.
pub(super) async fn verify(State(google): State<EmulatedGoogle>, headers: HeaderMap, body: Bytes) -> Response {
    answer(google.admit(&headers).and_then(|()| google.verify_stream(&body)))
}

fn answer(answer: Answer) -> Response {
    answer.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

impl EmulatedGoogle {
    /// Registers an endpoint for all types of events and enables the stream, with no question asked.
    pub fn deliver_security_events_to(&self, url: &str) {
        self.0.risc.set_stream(Some(Stream::of_all(url)));
    }

    /// Adds a host to the project's authorized domains; its subdomains are in with it, and loopback hosts always are.
    pub fn authorize_domain(&self, host: &str) {
        lock(&self.0.risc.domains).push(host.to_ascii_lowercase());
    }

    /// From now on the management API refuses everything for this reason; `None` ends it.
    pub fn stream_trouble(&self, trouble: impl Into<Option<StreamTrouble>>) {
        *lock(&self.0.risc.trouble) = trouble.into();
    }

    /// Whether the caller may manage the stream at all.
    fn admit(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let bearer = bearer(headers).ok_or(Failure::Unauthorized)?;
        let now = self.0.clock.now();
        if self.grants().access_token(bearer, now).is_some() {
            return Err(StreamTrouble::NotAServiceAccount.into());
        }
        if !self.0.service_account.has_signed(bearer, AUDIENCE, now) {
            return Err(Failure::Unauthorized);
        }
        let no_client = lock(&self.0.clients).is_empty().then_some(StreamTrouble::NoOAuthClient);
        match lock(&self.0.risc.trouble).or(no_client) {
            Some(trouble) => Err(trouble.into()),
            None => Ok(()),
        }
    }

    fn update_stream(&self, body: &[u8]) -> Answer {
        let mut stream = Stream::parse(body, &lock(&self.0.risc.domains))?;
        let mut known = lock(&self.0.risc.stream);
        if let Some(known) = &*known {
            stream.status = known.status;
        }
        *known = Some(stream);
        Ok(Json(json!({})))
    }

    fn show_stream(&self) -> Answer {
        let stream = self.0.risc.stream().ok_or(Failure::NoConfiguration)?;
        let clients: Vec<_> = lock(&self.0.clients).iter().map(|client| client.client_id.clone()).collect();
        Ok(Json(json!({
            "iss": format!("{ISSUER}/"),
            "aud": clients,
            "delivery": { "delivery_method": PUSH, "url": stream.url },
            "events_requested": stream.events_requested,
            "status": stream.status,
        })))
    }

    fn update_status(&self, body: &[u8]) -> Answer {
        let status = stream::status(body)?;
        lock(&self.0.risc.stream).as_mut().ok_or(Failure::NoConfigurationToUpdate)?.status = status;
        Ok(Json(json!({})))
    }

    fn verify_stream(&self, body: &[u8]) -> Answer {
        let state = stream::state(body)?;
        self.0.risc.stream().ok_or(Failure::NoConfiguration)?;
        self.announce(&SecurityEvent::Verification { state });
        Ok(Json(json!({})))
    }
}
