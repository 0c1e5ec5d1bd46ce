//! A request, as an API Gateway HTTP API hands it over.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// One HTTP request, from an event in
/// [payload format 2.0](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
///
/// Every part is optional in the event: what API Gateway leaves out is empty here, and nothing that a caller can
/// send makes the event unreadable. The path stays text, for API Gateway decodes it and it may hold any character.
#[derive(Clone, Default)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path, percent-decoded by API Gateway, without the query.
    pub path: String,
    /// The query as it was on the wire, without the question mark.
    pub query: String,
    /// Header values by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Each cookie as `name=value`.
    pub cookies: Vec<String>,
    /// The host name that API Gateway answered for.
    pub domain_name: String,
    /// Whether API Gateway's AWS_IAM authorizer let the caller in.
    pub signed_with_iam: bool,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads an event.
    ///
    /// # Errors
    /// If the text is not a JSON object with the parts of an event in their types, or its body not the Base64 that
    /// it says it is.
    pub fn from_event(event: &str) -> Result<Self, UnreadableEvent> {
        let event: Event = serde_json::from_value(Value::Object(serde_json::from_str::<Map<_, _>>(event)?))?;
        let http = event.request_context.http;
        let mut headers: BTreeMap<_, _> =
            event.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let mut cookies = event.cookies;
        if let (Some(header), true) = (headers.remove("cookie"), cookies.is_empty()) {
            let named = header.split(';').map(str::trim).filter(|cookie| !cookie.is_empty());
            cookies.extend(named.map(str::to_owned));
        }
        let body = event.body.unwrap_or_default();
        Ok(Self {
            method: http.method,
            path: if event.raw_path.is_empty() { http.path } else { event.raw_path },
            query: event.raw_query_string,
            headers,
            cookies,
            domain_name: event.request_context.domain_name,
            signed_with_iam: event.request_context.authorizer.is_some_and(|authorizer| authorizer.iam.is_some()),
            body: if event.is_base64_encoded { STANDARD.decode(body)? } else { body.into_bytes() },
        })
    }

    /// The value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Shows what may be seen: the query holds codes, the cookies sessions.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

/// An event that no API Gateway sends.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// Not JSON, or not of an event's shape.
    #[error("the event is not an API Gateway event in payload format 2.0")]
    Shape,
    /// A body that is not the Base64 that the event says it is.
    #[error("the event's body is not Base64")]
    Body(#[from] base64::DecodeError),
}

/// Why it is none is left out: that repeats what came.
impl From<serde_json::Error> for UnreadableEvent {
    fn from(_: serde_json::Error) -> Self {
        Self::Shape
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default, deserialize_with = "or_default")]
    raw_path: String,
    #[serde(default, deserialize_with = "or_default")]
    raw_query_string: String,
    #[serde(default, deserialize_with = "or_default")]
    cookies: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    request_context: RequestContext,
    #[serde(default)]
    body: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    is_base64_encoded: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    #[serde(default, deserialize_with = "or_default")]
    http: Http,
    #[serde(default, deserialize_with = "or_default")]
    domain_name: String,
    #[serde(default)]
    authorizer: Option<Authorizer>,
}

#[derive(Default, Deserialize)]
struct Http {
    #[serde(default, deserialize_with = "or_default")]
    method: String,
    #[serde(default, deserialize_with = "or_default")]
    path: String,
}

#[derive(Deserialize)]
struct Authorizer {
    #[serde(default)]
    iam: Option<Map<String, Value>>,
}

/// Reads `null` as if it were absent: `cargo lambda` sends it for what a request does not have.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(event: &Value) -> Request {
        Request::from_event(&event.to_string()).unwrap()
    }

    #[test]
    fn an_event_is_read_as_api_gateway_sends_it() {
        let request = read(&json!({"version": "2.0", "rawPath": "/users/ü 1/messages", "rawQueryString": "q=a%20b",
            "cookies": ["a=1", "b=2"], "headers": {"Accept": "text/html"}, "body": "aGk=", "isBase64Encoded": true,
            "requestContext": {"domainName": "d.example.com", "http": {"method": "GET", "path": "/x"},
                "authorizer": {"iam": {"accessKey": "A"}}}}));
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/users/ü 1/messages"));
        assert_eq!((request.query.as_str(), request.header("accept")), ("q=a%20b", Some("text/html")));
        assert_eq!(
            (request.cookies.as_slice(), request.body.as_slice()),
            (["a=1".into(), "b=2".into()].as_slice(), &b"hi"[..])
        );
        assert!(request.signed_with_iam);
    }

    #[test]
    fn what_is_absent_or_null_is_empty() {
        let null = json!({"rawPath": null, "rawQueryString": null, "cookies": null, "headers": null, "body": null,
            "isBase64Encoded": null, "requestContext": {"http": null, "domainName": null, "authorizer": {"iam": null}}});
        for event in [json!({}), null, json!({"requestContext": null}), json!({"requestContext": {"authorizer": {}}})] {
            let request = read(&event);
            assert!(request.path.is_empty() && request.cookies.is_empty() && !request.signed_with_iam, "{event}");
        }
    }

    #[test]
    fn cookies_come_from_the_header_only_where_there_is_no_list() {
        let both = read(&json!({"cookies": ["a=1"], "headers": {"Cookie": "a=1; b=2"}}));
        let header = read(&json!({"headers": {"cookie": "a=1; b=2"}}));
        let gaps = read(&json!({"headers": {"cookie": ";; a=1;; ; b=2;"}}));
        assert_eq!(both.cookies, ["a=1"]);
        assert_eq!(header.cookies, ["a=1", "b=2"]);
        assert_eq!(gaps.cookies, header.cookies);
        assert_eq!(both.header("cookie"), None);
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for event in ["", "1", "[]", "{", r#"{"rawPath":1}"#, r#"{"body":"*","isBase64Encoded":true}"#] {
            assert!(Request::from_event(event).is_err(), "{event}");
        }
    }
}
