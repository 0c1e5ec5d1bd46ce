//! The `Message` resource in its four formats.
//!
//! <https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages#Message>

use std::fmt::Write;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde_json::{Map, Value, json};

use super::message::Message;

/// How much of a message is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    Minimal,
    Metadata,
    Full,
    Raw,
}

impl Format {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "minimal" => Some(Self::Minimal),
            "metadata" => Some(Self::Metadata),
            "full" => Some(Self::Full),
            "raw" => Some(Self::Raw),
            _ => None,
        }
    }
}

/// The message in a format; `wanted` are the headers of the metadata format, all if empty.
pub(super) fn resource(message: &Message<'_>, format: Format, wanted: &[String]) -> Value {
    let raw = raw(message);
    let mut resource = minimal(message, raw.len());
    let more = match format {
        Format::Minimal => None,
        Format::Metadata => Some(("payload", metadata(message, wanted))),
        Format::Full => Some(("payload", full(message))),
        Format::Raw => Some(("raw", json!(URL_SAFE.encode(raw)))),
    };
    resource.extend(more.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(resource)
}

fn minimal(message: &Message<'_>, size: usize) -> Map<String, Value> {
    let fields = [
        ("id", json!(message.id())),
        ("threadId", json!(message.thread_id())),
        ("labelIds", json!(message.label_ids())),
        ("snippet", json!(message.snippet())),
        ("sizeEstimate", json!(size)),
        ("historyId", json!((10_000 + message.serial).to_string())),
        ("internalDate", json!(message.date.unix_millis().to_string())),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn metadata(message: &Message<'_>, wanted: &[String]) -> Value {
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
    let headers = headers(message.headers().into_iter().filter(|(name, _)| is_wanted(name)));
    if headers.as_array().is_some_and(Vec::is_empty) {
        return json!({ "mimeType": "multipart/alternative" });
    }
    json!({ "mimeType": "multipart/alternative", "headers": headers })
}

fn full(message: &Message<'_>) -> Value {
    json!({
        "partId": "",
        "mimeType": "multipart/alternative",
        "filename": "",
        "headers": headers(message.headers()),
        "body": { "size": 0 },
        "parts": [part("0", "text/plain", &message.text()), part("1", "text/html", &message.html())],
    })
}

fn part(id: &str, mime_type: &str, text: &str) -> Value {
    json!({
        "partId": id,
        "mimeType": mime_type,
        "filename": "",
        "headers": headers([("Content-Type", format!("{mime_type}; charset=\"UTF-8\""))]),
        "body": { "size": text.len(), "data": URL_SAFE.encode(text) },
    })
}

fn headers(headers: impl IntoIterator<Item = (&'static str, String)>) -> Value {
    headers.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// The message as it went over the wire (RFC 5322), with its names encoded (RFC 2047).
fn raw(message: &Message<'_>) -> String {
    let mut raw = String::new();
    for (name, value) in message.headers() {
        push(&mut raw, format_args!("{name}: {}\r\n", encoded(&value)));
    }
    for (mime_type, text) in [("text/plain", message.text()), ("text/html", message.html())] {
        let boundary = message.boundary();
        let kind = format!("Content-Type: {mime_type}; charset=\"UTF-8\"");
        push(&mut raw, format_args!("\r\n--{boundary}\r\n{kind}\r\n\r\n{text}"));
    }
    push(&mut raw, format_args!("\r\n--{}--\r\n", message.boundary()));
    raw
}

fn push(raw: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = raw.write_fmt(text);
}

fn encoded(value: &str) -> String {
    if value.is_ascii() {
        return value.to_owned();
    }
    let (words, address) = value.rfind(" <").map_or((value, ""), |at| value.split_at(at));
    format!("=?UTF-8?B?{}?={address}", STANDARD.encode(words))
}
