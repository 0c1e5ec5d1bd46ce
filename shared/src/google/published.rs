//! A document that Google publishes, such as a key set: kept as long as its `Cache-Control` says, and fetched by one at a
//! time.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use reqwest::{Client, Response, header::CACHE_CONTROL};
use tokio::sync::Mutex;
use url::Url;

use super::http::read_body;
use crate::{
    domain::time::{Clock, Timestamp},
    telemetry::timed,
};

/// The most bytes of a document; Google's have about two thousand.
const MAX_BODY: usize = 256 * 1024;
/// How long one request for it may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is published, and how it is kept.
pub(super) struct Published<T> {
    http: Client,
    clock: Arc<dyn Clock>,
    source: Source<T>,
    kept: RwLock<Option<Kept<T>>>,
    /// Held while a fetch is under way; until when nothing is fetched, because a fetch failed.
    fetching: Mutex<Option<Timestamp>>,
}

/// What a document is.
pub(super) struct Source<T> {
    /// The name of the call, for the log.
    pub(super) call: &'static str,
    /// Reads it.
    pub(super) parse: fn(&[u8]) -> Option<T>,
    /// How long it is kept.
    pub(super) keeping: Keeping,
}

/// How long a document is kept.
#[derive(Clone, Copy)]
pub(super) struct Keeping {
    /// How long it stays fresh if its answer has no `Cache-Control`.
    pub(super) unsaid: Duration,
    /// How long it stays fresh at least.
    pub(super) at_least: Duration,
    /// How long nothing is fetched after a fetch failed.
    pub(super) after_failure: Duration,
}

struct Kept<T> {
    uri: Url,
    document: Arc<T>,
    fresh_until: Timestamp,
}

/// A document cannot be had; why, in a few words.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotPublished(pub(super) &'static str);

impl<T: Send + Sync> Published<T> {
    /// Nothing is fetched yet.
    pub(super) fn new(http: Client, clock: Arc<dyn Clock>, source: Source<T>) -> Self {
        Self { http, clock, source, kept: RwLock::default(), fetching: Mutex::default() }
    }

    /// The document at an address: the one that is kept while it is fresh, or else fetched now.
    pub(super) async fn at(&self, uri: &Url) -> Result<Arc<T>, NotPublished> {
        match self.fresh(uri) {
            Some(document) => Ok(document),
            None => self.fetch(uri, None).await,
        }
    }

    /// The document, fetched again because the one that is known may be outdated. Whoever waited for another's fetch
    /// takes its result, unless that is what it knows already.
    pub(super) async fn newer(&self, uri: &Url, known: &Arc<T>) -> Result<Arc<T>, NotPublished> {
        self.fetch(uri, Some(known)).await
    }

    /// The document that is kept, if it is fresh.
    pub(super) fn fresh(&self, uri: &Url) -> Option<Arc<T>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = kept.as_ref().filter(|kept| kept.uri == *uri && self.clock.now() < kept.fresh_until);
        fresh.map(|kept| kept.document.clone())
    }

    async fn fetch(&self, uri: &Url, known: Option<&Arc<T>>) -> Result<Arc<T>, NotPublished> {
        let mut failed_until = self.fetching.lock().await;
        let is_news = |document: &Arc<T>| known.is_none_or(|known| !Arc::ptr_eq(known, document));
        if let Some(document) = self.fresh(uri).filter(is_news) {
            return Ok(document);
        }
        let now = self.clock.now();
        if failed_until.is_some_and(|until| now < until) {
            return Err(NotPublished("they could not be had a moment ago"));
        }
        let requested = timed(self.source.call, self.request(uri)).await;
        *failed_until = requested.is_err().then(|| self.clock.now().after(self.source.keeping.after_failure));
        let (document, life) = requested?;
        let kept = Kept { uri: uri.clone(), document: Arc::new(document), fresh_until: now.after(life) };
        let document = kept.document.clone();
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(document)
    }

    async fn request(&self, uri: &Url) -> Result<(T, Duration), NotPublished> {
        let request = self.http.get(uri.clone()).timeout(TIMEOUT);
        let response = request.send().await.map_err(|_| NotPublished("no answer"))?;
        if !response.status().is_success() {
            return Err(NotPublished("an error as answer"));
        }
        let life = max_age(&response).unwrap_or(self.source.keeping.unsaid).max(self.source.keeping.at_least);
        let body = read_body(response, MAX_BODY).await.map_err(|_| NotPublished("no whole answer"))?;
        let document = (self.source.parse)(&body).ok_or(NotPublished("an answer that makes no sense"))?;
        Ok((document, life))
    }
}

/// How long an answer stays fresh ([RFC 9111 §5.2.2.1](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.1)); `None`
/// if it has no `Cache-Control`.
fn max_age(response: &Response) -> Option<Duration> {
    let directives = response.headers().get(CACHE_CONTROL)?.to_str().unwrap_or_default();
    let mut directives = directives.split(',').map(str::trim);
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age=")?.parse().ok());
    Some(Duration::from_secs(seconds.unwrap_or(0)))
}
