//! A record of what was asked of the emulated Google.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Mutex,
};

use axum::http::{HeaderMap, Method, Uri};
use bytes::Bytes;

use super::{Endpoint, lock};

/// How many requests are kept; all of them are counted.
const KEPT: usize = 10_000;

/// A request as it arrived.
#[derive(Clone)]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// Queries, headers and bodies hold codes and tokens, and are left out.
impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, path) = (&self.method, self.uri.path());
        f.debug_struct("RecordedRequest").field("method", method).field("path", &path).finish_non_exhaustive()
    }
}

/// The latest requests, and how many there were.
#[derive(Default)]
pub(super) struct Records(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    counts: HashMap<Endpoint, usize>,
    latest: VecDeque<(Endpoint, RecordedRequest)>,
}

impl Records {
    pub(super) fn add(&self, endpoint: Endpoint, request: RecordedRequest) {
        let mut kept = lock(&self.0);
        *kept.counts.entry(endpoint).or_default() += 1;
        if kept.latest.len() == KEPT {
            kept.latest.pop_front();
        }
        kept.latest.push_back((endpoint, request));
    }

    pub(super) fn count(&self, endpoint: Endpoint) -> usize {
        lock(&self.0).counts.get(&endpoint).copied().unwrap_or_default()
    }

    pub(super) fn of(&self, endpoint: Endpoint) -> Vec<RecordedRequest> {
        let kept = lock(&self.0);
        kept.latest.iter().filter(|(at, _)| *at == endpoint).map(|(_, request)| request.clone()).collect()
    }
}
