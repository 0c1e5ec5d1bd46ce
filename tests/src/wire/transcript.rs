//! What was said on one connection, and the HTTP/1.1 requests in it.

use std::sync::{Mutex, PoisonError};

/// What both sides of a connection said.
#[derive(Debug)]
pub struct Transcript {
    pub(super) asked: Side,
    pub(super) answered: Side,
}

/// What one side said, if it is written down.
#[derive(Debug)]
pub(super) struct Side(Option<Mutex<Vec<u8>>>);

/// A request, as it was on the wire.
#[derive(Clone, Eq, PartialEq)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body; shorter than said where the connection broke.
    pub body: Vec<u8>,
}

impl Side {
    fn new(is_written: bool) -> Self {
        Self(is_written.then(Mutex::default))
    }

    pub(super) fn add(&self, said: &[u8]) {
        if let Some(all) = &self.0 {
            all.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(said);
        }
    }

    fn all(&self) -> Vec<u8> {
        let all = self.0.as_ref().map(|all| all.lock().unwrap_or_else(PoisonError::into_inner).clone());
        all.unwrap_or_default()
    }
}

impl Transcript {
    pub(super) fn new(is_written: bool) -> Self {
        Self { asked: Side::new(is_written), answered: Side::new(is_written) }
    }

    /// Every request that has its head, in their order.
    ///
    /// # Panics
    /// If one is no HTTP/1.1 with a `Content-Length` or without a body.
    pub fn requests(&self) -> Vec<Asked> {
        let all = self.asked.all();
        let (mut requests, mut rest) = (Vec::new(), all.as_slice());
        while let Some((request, after)) = first(rest) {
            requests.push(request);
            rest = after;
        }
        requests
    }

    /// Everything that the server said.
    pub fn answers(&self) -> Vec<u8> {
        self.answered.all()
    }
}

impl Asked {
    /// The value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// The first request, and what comes after it.
fn first(said: &[u8]) -> Option<(Asked, &[u8])> {
    let end = said.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, rest) = said.split_at_checked(end)?;
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let fields = lines.filter_map(|line| line.split_once(':'));
    let headers: Vec<_> = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let mut request = Asked { method, target, headers, body: Vec::new() };
    assert_eq!(request.header("transfer-encoding"), None, "what we send has a length");
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let rest = rest.get(4..).unwrap_or_default();
    let (body, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    request.body = body.to_vec();
    Some((request, rest))
}
