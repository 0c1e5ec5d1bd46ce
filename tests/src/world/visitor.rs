//! A browser, as the functions see one: it keeps cookies and follows where it is sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use super::instance::Instance;
use crate::{answer::Answer, cookie_jar::CookieJar, event::Event};

/// What browsers send as `Accept` when they navigate.
pub const NAVIGATION: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A browser with cookies of its own.
pub struct Visitor {
    instance: Arc<Instance>,
    jar: Mutex<CookieJar>,
    accept: Option<String>,
}

impl Visitor {
    pub(super) fn new(instance: Arc<Instance>) -> Self {
        Self { instance, jar: Mutex::default(), accept: None }
    }

    /// The same browser, with that `Accept`; without one it sends none.
    #[must_use]
    pub fn accepting(mut self, accept: &str) -> Self {
        self.accept = Some(accept.to_owned());
        self
    }

    /// The same browser, as another instance serves it.
    #[must_use]
    pub fn at(mut self, instance: &Arc<Instance>) -> Self {
        self.instance = Arc::clone(instance);
        self
    }

    /// A browser with the same cookies and ways; from here on they part.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let jar = Mutex::new(self.jar().clone());
        Self { instance: Arc::clone(&self.instance), jar, accept: self.accept.clone() }
    }

    /// What it sends for a path with a query, or for an absolute URL, of which it sends path and query.
    pub fn event(&self, target: &str) -> Event {
        let base = Url::parse("https://mail.example.com").unwrap();
        let url = base.join(target).unwrap();
        let event = Event::get(url.path()).query(url.query().unwrap_or_default()).cookies(self.jar().cookies());
        match &self.accept {
            Some(accept) => event.header("accept", accept),
            None => event,
        }
    }

    /// Goes there, and keeps the cookies that come back.
    pub async fn get(&self, target: &str) -> Answer {
        self.send(&self.event(target)).await
    }

    /// Sends an event of its own making, and keeps the cookies that come back.
    pub async fn send(&self, event: &Event) -> Answer {
        let answer = self.instance.send(event).await;
        self.jar().apply(answer.cookies());
        answer
    }

    /// Asks for an authorization URL with that query.
    pub async fn authorize(&self, query: &str) -> Answer {
        self.get(&format!("/authorize-url?{query}")).await
    }

    /// Begins an authorization with that query and gives the URL at Google.
    ///
    /// # Panics
    /// If it does not begin.
    pub async fn begin(&self, query: &str) -> String {
        let answer = self.authorize(query).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        answer.json().unwrap()["authorization_url"].as_str().unwrap().to_owned()
    }

    /// The cookies.
    pub fn jar(&self) -> MutexGuard<'_, CookieJar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
