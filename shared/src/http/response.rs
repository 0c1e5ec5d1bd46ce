//! A response, as an API Gateway HTTP API takes it.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

/// One HTTP response, in
/// [payload format 2.0](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The HTTP status.
    pub status_code: u16,
    /// Header values by name; `Set-Cookie` is not among them.
    pub headers: BTreeMap<&'static str, String>,
    /// Each value of a `Set-Cookie` header.
    pub cookies: Vec<String>,
    /// The body's text.
    pub body: String,
    /// Always false: every body of ours is text.
    pub is_base64_encoded: bool,
    /// What came of the request, for the log: `ok`, or the `code` of the problem.
    #[serde(skip)]
    pub outcome: &'static str,
}

/// Shows what may be seen: the cookies hold sessions, the body mail.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Response");
        shown.field("status_code", &self.status_code).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

impl Response {
    /// An empty response that no cache keeps.
    pub fn new(status_code: u16, outcome: &'static str) -> Self {
        Self {
            status_code,
            headers: BTreeMap::from([("cache-control", "no-store".to_owned())]),
            cookies: Vec::new(),
            body: String::new(),
            is_base64_encoded: false,
            outcome,
        }
    }

    /// A redirect to a place.
    pub fn redirect(status_code: u16, outcome: &'static str, location: impl Into<String>) -> Self {
        Self::new(status_code, outcome).with_header("location", location)
    }

    /// A JSON body.
    pub fn json(outcome: &'static str, body: impl Into<String>) -> Self {
        Self::new(200, outcome).with_body("application/json", body)
    }

    /// The same response with a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// The same response with the value of one more `Set-Cookie` header.
    #[must_use]
    pub fn with_cookie(mut self, cookie: impl Into<String>) -> Self {
        self.cookies.push(cookie.into());
        self
    }

    /// The same response with several more.
    #[must_use]
    pub fn with_cookies(mut self, cookies: Vec<String>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    /// The same response with a body of that media type.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.with_header("content-type", content_type)
    }
}
