//! The batch endpoint: many calls in one request, each with a status of its own.
//!
//! <https://developers.google.com/workspace/gmail/api/guides/batch>

mod part;

use std::{fmt::Write, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use bytes::Bytes;

use self::part::Part;
use super::{
    answer::{Answer, respond},
    headers::bearer,
};
use crate::{
    delay::delay,
    google::{
        Effect, EmulatedGoogle, Endpoint, RecordedRequest,
        front::{Struck, broken},
    },
};

/// How many calls one batch may hold.
const MOST_PARTS: usize = 100;

/// `POST /batch/gmail/v1`.
pub(in crate::google) async fn batch(
    State(google): State<EmulatedGoogle>,
    Extension(Struck(effect)): Extension<Struck>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parts = match parts(&headers, &body) {
        Ok(parts) => parts,
        Err(answer) => return answer.into_response(&headers),
    };
    let outer = bearer(&headers);
    let permits = google.0.gmail.traffic.enter(google.bearer_sub(outer), parts.len());
    if let Some(Effect::Delay(duration)) = effect {
        delay(duration).await;
    }
    let (mut answers, mut late) = (Vec::with_capacity(parts.len()), Duration::ZERO);
    for (place, part) in parts.iter().enumerate() {
        match google.part(part, outer, place < permits.granted(), &mut late).await {
            Some(answer) => answers.push((part, answer)),
            None => return broken(),
        }
    }
    delay(late).await;
    let boundary = google.mint("batch_", 1).unwrap_or_else(|_| "batch_response".to_owned());
    let kind = format!("multipart/mixed; boundary={boundary}");
    respond(200, &kind, multipart(&boundary, &answers), &headers)
}

impl EmulatedGoogle {
    /// The answer to one call; `None` if the connection is to break. By how much it is late goes to the whole batch, whose
    /// calls are one after the other.
    async fn part(&self, part: &Part<'_>, outer: Option<&str>, allowed: bool, late: &mut Duration) -> Option<String> {
        let (method, uri) = (part.method.clone(), part.uri.clone());
        self.0.records.add(
            Endpoint::BatchPart,
            RecordedRequest { method, uri, headers: part.headers.clone(), body: Bytes::new() },
        );
        let answer = || if allowed { self.call(&part.call(outer)) } else { self.too_many_at_once() };
        match self.0.faults.next(Endpoint::BatchPart) {
            Some(Effect::Status { status, body, headers }) => Some(http(status, &body.unwrap_or_default(), &headers)),
            Some(Effect::Gmail(error)) => Some(plain(&error.into())),
            Some(Effect::Malformed) => Some(http(200, "{\"malformed\": ", &[])),
            Some(Effect::Disconnect | Effect::LoseAnswer) => None,
            Some(Effect::Hang(duration)) => {
                tokio::time::sleep(duration).await;
                None
            }
            Some(Effect::Delay(duration)) => {
                *late += duration;
                Some(plain(&answer()))
            }
            _ => Some(plain(&answer())),
        }
    }
}

fn parts<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Vec<Part<'a>>, Answer> {
    let unreadable = || Answer::invalid("Failed to parse batch request, error: malformed multipart/mixed body");
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).ok_or_else(unreadable)?;
    let parts = part::parse(kind, body).ok_or_else(unreadable)?;
    if parts.len() > MOST_PARTS {
        return Err(Answer::invalid(&format!("Inner request count exceeds the limit: {MOST_PARTS}")));
    }
    Ok(parts)
}

/// The answers as a body. The last comes first: nobody may count on their order.
fn multipart(boundary: &str, answers: &[(&Part<'_>, String)]) -> String {
    let mut body = String::new();
    for (part, answer) in answers.iter().rev() {
        push(&mut body, format_args!("--{boundary}\r\nContent-Type: application/http\r\n"));
        if let Some(id) = part.content_id {
            let id = id.trim_start_matches('<').trim_end_matches('>');
            push(&mut body, format_args!("Content-ID: <response-{id}>\r\n"));
        }
        push(&mut body, format_args!("\r\n{answer}\r\n"));
    }
    push(&mut body, format_args!("--{boundary}--\r\n"));
    body
}

fn plain(answer: &Answer) -> String {
    http(answer.status, &answer.text(), &[])
}

/// A response as `application/http`.
fn http(status: u16, body: &str, headers: &[(String, String)]) -> String {
    let reason = axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let mut text = format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or("Unknown"));
    push(&mut text, format_args!("Content-Type: application/json; charset=UTF-8\r\nVary: Origin\r\n"));
    for (name, value) in headers {
        push(&mut text, format_args!("{name}: {value}\r\n"));
    }
    push(&mut text, format_args!("Content-Length: {}\r\n\r\n{body}", body.len()));
    text
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(more);
}
