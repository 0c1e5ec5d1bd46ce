//! What every request passes first: it is recorded, and a fault may strike it.

use std::{io, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::stream;

use super::{Effect, EmulatedGoogle, Endpoint, RecordedRequest, When, faults::Stopped};
use crate::delay::delay;

/// Bodies over 10 MiB are refused.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The fault that strikes a request, handed on to the handlers that carry it out.
#[derive(Clone, Default)]
pub(super) struct Struck(pub(super) Option<Effect>);

/// Records the request, lets a fault strike it, and passes it on.
pub(super) async fn receive(State(google): State<EmulatedGoogle>, request: Request, next: Next) -> Response {
    let endpoint = Endpoint::at(request.method(), request.uri().path());
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (method, uri, headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
    let changed = Changed(&google);
    google.0.records.add(endpoint, RecordedRequest { method, uri, headers, body: body.clone() });
    let mut stopped = google.0.faults.stop();
    if let Some(stopped) = stopped.take_if(|stopped| stopped.when == When::Before) {
        return unanswered(stopped).await;
    }
    let effect = google.0.faults.next(endpoint);
    parts.extensions.insert(Struck(effect.clone()));
    let response = strike(endpoint, effect, Request::from_parts(parts, Body::from(body)), next).await;
    drop(changed);
    match stopped {
        Some(stopped) => unanswered(stopped).await,
        None => response,
    }
}

async fn unanswered(stopped: Stopped) -> Response {
    stopped.hold().await;
    broken()
}

/// Tells, once a request is over or given up, that something may have changed.
struct Changed<'a>(&'a EmulatedGoogle);

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        self.0.0.changes.send_replace(());
    }
}

async fn strike(endpoint: Endpoint, effect: Option<Effect>, request: Request, next: Next) -> Response {
    match effect {
        Some(Effect::Status { status, body, headers }) => fixed(status, body, &headers),
        Some(Effect::Gmail(error)) => fixed(error.status(), Some(error.body().to_string()), &[]),
        Some(Effect::Malformed) => fixed(200, Some("{\"malformed\": ".to_owned()), &[]),
        Some(Effect::Hang(duration)) => {
            tokio::time::sleep(duration).await;
            broken()
        }
        Some(Effect::Disconnect) => broken(),
        Some(Effect::LoseAnswer) => {
            next.run(request).await;
            broken()
        }
        Some(Effect::Delay(duration)) if !endpoint.is_gmail() => delayed(duration, request, next).await,
        _ => next.run(request).await,
    }
}

async fn delayed(duration: Duration, request: Request, next: Next) -> Response {
    delay(duration).await;
    next.run(request).await
}

fn fixed(status: u16, body: Option<String>, headers: &[(String, String)]) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body.unwrap_or_default()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// An answer that breaks off before its first byte of body, and the connection with it.
pub(super) fn broken() -> Response {
    let broken = stream::iter([Err::<&[u8], _>(io::Error::from(io::ErrorKind::ConnectionReset))]);
    Response::new(Body::from_stream(broken))
}
