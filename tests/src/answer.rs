//! What a function answered, read as API Gateway reads it.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

/// A response in payload format 2.0, and nothing besides: a field that API Gateway does not know is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl Answer {
    /// Reads a function's response.
    ///
    /// # Errors
    /// If it is not a response in payload format 2.0.
    pub fn read(response: Value) -> serde_json::Result<Self> {
        serde_json::from_value(response)
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status_code
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Every header but `Set-Cookie`, as name and value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of the `Set-Cookie` headers.
    pub fn cookies(&self) -> impl Iterator<Item = &str> {
        self.cookies.iter().map(String::as_str)
    }

    /// The value of the cookie of that name, if the response sets it; empty where it removes it.
    pub fn cookie_value(&self, name: &str) -> Option<&str> {
        self.cookies().find_map(|cookie| {
            let (cookie_name, rest) = cookie.split_once('=')?;
            (cookie_name == name).then(|| rest.split(';').next().unwrap_or_default())
        })
    }

    /// The body as text; as it stands where it is said to be Base64 and is not, or is not text.
    pub fn body(&self) -> String {
        let decoded = self.is_base64_encoded.then(|| STANDARD.decode(&self.body).ok()).flatten();
        decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| self.body.clone())
    }

    /// The body's JSON.
    ///
    /// # Errors
    /// If the body is not JSON.
    pub fn json(&self) -> serde_json::Result<Value> {
        serde_json::from_str(&self.body())
    }
}

/// What an answer that is a problem with that status and code says.
///
/// # Panics
/// If the answer is not that problem.
#[expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "an answer that is not that problem has failed the test"
)]
#[track_caller]
pub fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let body = answer.json().unwrap();
    assert_eq!((answer.status(), body["code"].as_str()), (status, Some(code)), "{body}");
    body
}
