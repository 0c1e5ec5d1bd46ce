//! The parts by their names, each ready to be done again and again.

use std::{
    fmt::Write as _,
    io::{Read, Write as _},
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use authorize_url::AuthorizeUrl;
use serde_json::Value;
use shared::{
    domain::{
        id_token::Expected,
        secret::{CookieKeySecret, IdToken},
        session::Session,
        user_id::UserId,
    },
    function::{Deadline, Function, invoke},
    google::{batch, http::client, keys::GoogleKeys},
    http::{Request, cookie_jar::CookieJar, cookie_keys::CookieKeys},
};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::{
    list::list_messages,
    parts::{CLIENT_ID, COOKIE_KEY, NOW, Repeating, Standing, front},
    sealed::USER_ID,
};

/// The names.
pub(crate) const NAMES: [&str; 8] =
    ["authorize", "page-to-body", "continuation", "event", "seal", "open", "id-token", "batch"];

/// Does the part once; how large what came of it is.
pub(crate) type Path = Box<dyn FnMut() -> usize>;

const AUTHORIZE: &str = include_str!("../../events/authorize-url.json");
const MESSAGES: &str = include_str!("../../events/messages.json");
const ID_TOKEN: &str = include_str!("id-token.jwt");
const KEYS: &str = include_str!("keys.json");
const NONCE: &str = "bm9uY2Ugb2YgdGhlIG1lYXN1cmVkIGF0dGVtcHQuLi4";
/// How many messages a batch has.
const PARTS: usize = 25;

/// The part of that name; `None` if there is none.
pub(crate) fn path(name: &str) -> Option<Path> {
    Some(match name {
        "authorize" => answered(AuthorizeUrl::new(front()), AUTHORIZE.to_owned()),
        "page-to-body" => answered(list_messages(), messages("maxResults=500")),
        "continuation" => continuation(),
        "event" => Box::new(|| Request::from_event(AUTHORIZE).unwrap().headers.len()),
        "seal" => Box::new(seal()),
        "open" => open(),
        "id-token" => id_token(),
        "batch" => batch(),
        _ => return None,
    })
}

/// An event through a function, to the answer as Lambda takes it.
fn answered(function: impl Function + 'static, event: String) -> Path {
    let runtime = runtime();
    Box::new(move || answer(&runtime, &function, &event).len())
}

fn answer(runtime: &Runtime, function: &dyn Function, event: &str) -> Vec<u8> {
    let response = runtime.block_on(async { invoke(function, event, Deadline::after(Duration::from_secs(29))).await });
    assert_eq!(response.status_code, 200, "{}", response.body);
    serde_json::to_vec(&response).unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Lists what a token of ours carries, 100 entries: they are left of a page of 500 when 400 are asked for.
fn continuation() -> Path {
    let (runtime, function) = (runtime(), list_messages());
    let response: Value = serde_json::from_slice(&answer(&runtime, &function, &messages("maxResults=400"))).unwrap();
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    let token = body["nextPageToken"].as_str().unwrap();
    answered(function, messages(&format!("maxResults=100&pageToken={token}")))
}

/// An event of a browser with a session that asks for messages.
fn messages(query: &str) -> String {
    let mut event: Value = serde_json::from_str(MESSAGES).unwrap();
    event["rawQueryString"] = query.into();
    event["cookies"] = Value::from(vec![session_cookie()]);
    event.to_string()
}

fn seal() -> impl FnMut() -> usize {
    let (keys, session) = (keys(), session());
    move || jar(&keys).set_session(&session, Duration::from_hours(8)).unwrap().len()
}

fn open() -> Path {
    let (keys, request) = (keys(), Request { cookies: vec![session_cookie()], ..Request::default() });
    Box::new(move || jar(&keys).session(&request).unwrap().user_id.as_str().len())
}

fn session_cookie() -> String {
    let cookie = jar(&keys()).set_session(&session(), Duration::from_hours(8)).unwrap();
    cookie.split(';').next().unwrap_or_default().to_owned()
}

fn session() -> Session {
    Session { user_id: UserId::parse(USER_ID).unwrap(), issued_at: NOW }
}

fn keys() -> CookieKeys {
    CookieKeys::derive(&CookieKeySecret::new(COOKIE_KEY), None).unwrap()
}

fn jar(keys: &CookieKeys) -> CookieJar<'_> {
    CookieJar { keys, random: &Repeating, plain_http: false }
}

/// Signature and claims; Google's keys are fetched once.
fn id_token() -> Path {
    let (runtime, id_token) = (runtime(), IdToken::new(ID_TOKEN.trim()));
    let google = GoogleKeys::new(client().unwrap(), publish_keys(), Arc::new(Standing));
    let verify = move || {
        let expected = Expected { client_id: CLIENT_ID, nonce: NONCE, now: NOW };
        runtime.block_on(google.verify(&id_token, &expected)).unwrap().sub.unwrap().len()
    };
    Box::new(verify)
}

/// The address of a key set, which is given out once.
fn publish_keys() -> Url {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: max-age=3600\r\nContent-Length:";
        write!(stream, "{head} {}\r\n\r\n{KEYS}", KEYS.len()).unwrap();
    });
    Url::parse(&url).unwrap()
}

/// The answer to a batch of messages with five headers each.
fn batch() -> Path {
    let mut body = String::new();
    for part in 0..PARTS {
        let id = 0x1890_0000_0fef_a8b1_u64 + u64::try_from(part).unwrap();
        let message = format!(
            "{{\"id\":\"{id:016x}\",\"threadId\":\"{id:016x}\",\"labelIds\":[\"UNREAD\",\"INBOX\"],\"snippet\":\"{}\",\
             \"payload\":{{\"mimeType\":\"multipart/alternative\",\"headers\":[{}]}},\"sizeEstimate\":4711}}",
            "The quick brown fox jumps over the lazy dog. ".repeat(3),
            ["From", "To", "Subject", "Date", "Message-ID"]
                .map(|name| format!("{{\"name\":\"{name}\",\"value\":\"{}\"}}", "value ".repeat(6)))
                .join(",")
        );
        write!(
            body,
            "--batch_x\r\nContent-Type: application/http\r\nContent-ID: <response-{part}>\r\n\r\nHTTP/1.1 200 OK\r\n\
             Content-Type: application/json; charset=UTF-8\r\nVary: Origin\r\nContent-Length: {}\r\n\r\n{message}\r\n",
            message.len()
        )
        .unwrap();
    }
    body.push_str("--batch_x--\r\n");
    Box::new(move || {
        let parts = batch::parse("multipart/mixed; boundary=batch_x", body.as_bytes()).unwrap();
        assert_eq!(parts.len(), PARTS);
        parts.len()
    })
}
