//! One answer of the API.

use reqwest::{
    Client, Method,
    header::{ACCEPT, CONTENT_TYPE, LOCATION, SET_COOKIE},
};
use serde_json::Value;
use shared::google::http::{NoAnswer, object, read_body};

use crate::{doctor::REQUEST, security_event_stream::printable};

/// The most bytes of an answer.
const MAX_BODY: usize = 256 * 1024;

/// What the checks look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) cookies: Vec<String>,
    /// Where it sends browsers to.
    pub(super) location: String,
    /// The body, if it is a JSON object; else null.
    pub(super) json: Value,
}

impl Answer {
    /// Asks for JSON; a body goes as a security event.
    pub(super) async fn of(http: &Client, method: Method, url: String, body: &'static str) -> Result<Self, NoAnswer> {
        let mut request = http.request(method, url).timeout(REQUEST).header(ACCEPT, "application/json");
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/secevent+jwt").body(body);
        }
        let response = request.send().await?;
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(Self {
            status: response.status().as_u16(),
            cookies: response.headers().get_all(SET_COOKIE).iter().map(text).collect(),
            location: response.headers().get(LOCATION).map(text).unwrap_or_default(),
            json: object(&read_body(response, MAX_BODY).await?).unwrap_or_default(),
        })
    }

    /// The problem's code, if the answer is one of our own; else nothing.
    pub(super) fn code(&self) -> &str {
        self.text("code")
    }

    /// A field of the body that is a text; else nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.json.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Status and code or message, for a sentence.
    pub(super) fn summary(&self) -> String {
        let said = [self.code(), self.text("message")].into_iter().find(|it| !it.is_empty());
        said.map_or_else(
            || format!("status {}", self.status),
            |it| format!("status {}, “{}”", self.status, printable(it)),
        )
    }

    /// What to do where the answer is none that the route should give.
    pub(super) fn remedy(&self) -> &'static str {
        match (self.status, self.code()) {
            (404, _) => "Deploy this version with all its routes, and give --url without a stage or a path.",
            (500, "misconfigured") => "The function's log says what is wrong with its configuration.",
            (503, "unavailable") => "The function's log says which of Secrets Manager, KMS and DynamoDB it cannot use.",
            (403, _) => "Look for a web application firewall, a resource policy or a disabled endpoint before the API.",
            (500..=599, _) => "The logs of the function and of API Gateway say why.",
            _ => "Check that --url is the address of this API.",
        }
    }
}
