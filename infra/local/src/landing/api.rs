//! Requests to the functions, as the browser would send them by a script.

use std::net::IpAddr;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};
use bytes::Bytes;

use crate::gateway::Gateway;

/// More than a function can answer.
const LIMIT: usize = 8 * 1024 * 1024;

/// The functions, asked on behalf of a browser.
pub(super) struct Api<'a> {
    pub(super) gateway: &'a Gateway,
    /// Where the browser is.
    pub(super) source: IpAddr,
    /// What the browser sent.
    pub(super) headers: &'a HeaderMap,
}

/// What a function answers.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Api<'_> {
    /// Asks a function with the browser's cookies, and perhaps as a page of that origin.
    pub(super) async fn ask(&self, method: Method, uri: &str, origin: Option<HeaderValue>) -> Answer {
        let response = self.gateway.answer(self.request(method, uri, origin), self.source).await;
        let (head, body) = response.into_parts();
        Answer { status: head.status, headers: head.headers, body: to_bytes(body, LIMIT).await.unwrap_or_default() }
    }

    fn request(&self, method: Method, uri: &str, origin: Option<HeaderValue>) -> Request {
        let request = Request::builder().method(method).uri(uri).header(header::ACCEPT, "application/json");
        let mut request = request.body(Body::empty()).unwrap_or_default();
        for name in [header::HOST, header::COOKIE, header::USER_AGENT, header::ACCEPT_LANGUAGE] {
            for value in self.headers.get_all(&name) {
                request.headers_mut().append(&name, value.clone());
            }
        }
        if let Some(origin) = origin {
            request.headers_mut().insert(header::ORIGIN, origin);
        }
        request
    }
}
