//! HTTP requests as API Gateway's events in
//! [payload format 2.0](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).

use std::{collections::BTreeMap, net::IpAddr};

use axum::http::{HeaderMap, Method, Uri, Version, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use shared::domain::time::Timestamp;
use time::OffsetDateTime;
use url::form_urlencoded;

use crate::aws::ACCOUNT;

/// The id of the local API.
const API_ID: &str = "local";

/// What an event is made of.
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) version: Version,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) source: IpAddr,
    pub(super) route_key: String,
    pub(super) path_parameters: BTreeMap<&'static str, String>,
    /// The caller's identity, if the route's authorizer asked for it.
    pub(super) iam: Option<Value>,
    pub(super) request_id: &'a str,
    pub(super) at: Timestamp,
}

impl Call<'_> {
    /// The event's JSON.
    pub(super) fn event(&self) -> Value {
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route_key,
            "rawPath": self.path(),
            "rawQueryString": self.uri.query().unwrap_or_default(),
            "headers": self.headers(),
            "requestContext": self.context(),
            "isBase64Encoded": false,
        });
        if let Some(parts) = event.as_object_mut() {
            self.add_optional_parts(parts);
        }
        event
    }

    /// API Gateway leaves out what is empty.
    fn add_optional_parts(&self, parts: &mut Map<String, Value>) {
        let cookies = self.cookies();
        if !cookies.is_empty() {
            parts.insert("cookies".to_owned(), json!(cookies));
        }
        let query = self.query();
        if !query.is_empty() {
            parts.insert("queryStringParameters".to_owned(), json!(query));
        }
        if !self.path_parameters.is_empty() {
            parts.insert("pathParameters".to_owned(), json!(self.path_parameters));
        }
        if !self.body.is_empty() {
            let text = std::str::from_utf8(self.body).ok().filter(|_| self.body_is_text());
            parts.insert("isBase64Encoded".to_owned(), json!(text.is_none()));
            parts.insert("body".to_owned(), text.map_or_else(|| json!(STANDARD.encode(self.body)), |text| json!(text)));
        }
    }

    fn path(&self) -> String {
        percent_decode_str(self.uri.path()).decode_utf8_lossy().into_owned()
    }

    fn header(&self, name: &str) -> String {
        joined(self.headers, name)
    }

    fn headers(&self) -> BTreeMap<&str, String> {
        let names = self.headers.keys().filter(|name| *name != header::COOKIE);
        let mut headers: BTreeMap<&str, String> =
            names.map(|name| (name.as_str(), joined(self.headers, name.as_str()))).collect();
        let source = self.source.to_string();
        let forwarded = headers.entry("x-forwarded-for").or_default();
        *forwarded = if forwarded.is_empty() { source } else { format!("{forwarded}, {source}") };
        headers.insert("x-forwarded-proto", "http".to_owned());
        let host = self.header("host");
        let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
        headers.insert("x-forwarded-port", port.to_owned());
        headers
    }

    fn cookies(&self) -> Vec<String> {
        let header = self.headers.get_all(header::COOKIE);
        let lines = header.iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let cookies = lines.flat_map(|line| line.split(';').map(|it| it.trim().to_owned()).collect::<Vec<_>>());
        cookies.filter(|cookie| !cookie.is_empty()).collect()
    }

    fn query(&self) -> BTreeMap<String, String> {
        let mut parameters = BTreeMap::<String, String>::new();
        for (name, value) in form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes()) {
            parameters
                .entry(name.into_owned())
                .and_modify(|values| {
                    values.push(',');
                    values.push_str(&value);
                })
                .or_insert_with(|| value.clone().into_owned());
        }
        parameters
    }

    fn body_is_text(&self) -> bool {
        let content_type = self.header("content-type").to_ascii_lowercase();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let texts = ["application/json", "application/javascript", "application/xml"];
        essence.starts_with("text/") || texts.contains(&essence)
    }

    fn context(&self) -> Value {
        let host = self.header("host");
        let mut context = json!({
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": host,
            "domainPrefix": host.split(['.', ':']).next(),
            "http": {
                "method": self.method.as_str(),
                "path": self.path(),
                "protocol": format!("{:?}", self.version),
                "sourceIp": self.source.to_string(),
                "userAgent": self.header("user-agent"),
            },
            "requestId": self.request_id,
            "routeKey": self.route_key,
            "stage": "$default",
            "time": common_log_time(self.at),
            "timeEpoch": self.at.unix_millis(),
        });
        if let (Some(iam), Some(parts)) = (&self.iam, context.as_object_mut()) {
            parts.insert("authorizer".to_owned(), json!({"iam": iam}));
        }
        context
    }
}

/// The values of a header, joined by commas.
pub(super) fn joined(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name);
    let texts: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    texts.join(",")
}

/// `22/Nov/2026:03:37:32 +0000`.
fn common_log_time(at: Timestamp) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.unix_seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let month = at.month().to_string();
    let month = month.get(..3).unwrap_or_default();
    let (year, day) = (at.year(), at.day());
    let (hour, minute, second) = at.to_hms();
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn event(request: Request<&[u8]>) -> Value {
        let (head, body) = request.into_parts();
        let call = Call {
            method: &head.method,
            uri: &head.uri,
            version: head.version,
            headers: &head.headers,
            body,
            source: IpAddr::from([127, 0, 0, 1]),
            route_key: "GET /users/{user_id}/messages".to_owned(),
            path_parameters: BTreeMap::from([("user_id", "a b".to_owned())]),
            iam: None,
            request_id: "abcdefghijklmn=",
            at: Timestamp::from_unix_millis(1_795_318_652_007),
        };
        call.event()
    }

    #[test]
    fn a_request_becomes_the_event_that_api_gateway_makes_of_it() {
        let request = Request::get("/users/a%20b/messages?q=is%3Aunread+x&labelIds=A&labelIds=B%2CC&empty")
            .header("Host", "localhost:8787")
            .header("User-Agent", "curl/8")
            .header("Accept", "text/html")
            .header("accept", "application/json")
            .header("Cookie", "a=1; b=2")
            .header("Cookie", "c=3");
        assert_eq!(
            event(request.body(&[][..]).unwrap()),
            json!({
                "version": "2.0",
                "routeKey": "GET /users/{user_id}/messages",
                "rawPath": "/users/a b/messages",
                "rawQueryString": "q=is%3Aunread+x&labelIds=A&labelIds=B%2CC&empty",
                "cookies": ["a=1", "b=2", "c=3"],
                "headers": {
                    "accept": "text/html,application/json",
                    "host": "localhost:8787",
                    "user-agent": "curl/8",
                    "x-forwarded-for": "127.0.0.1",
                    "x-forwarded-port": "8787",
                    "x-forwarded-proto": "http",
                },
                "queryStringParameters": {"q": "is:unread x", "labelIds": "A,B,C", "empty": ""},
                "requestContext": {
                    "accountId": "000000000000",
                    "apiId": "local",
                    "domainName": "localhost:8787",
                    "domainPrefix": "localhost",
                    "http": {
                        "method": "GET",
                        "path": "/users/a b/messages",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1",
                        "userAgent": "curl/8",
                    },
                    "requestId": "abcdefghijklmn=",
                    "routeKey": "GET /users/{user_id}/messages",
                    "stage": "$default",
                    "time": "22/Nov/2026:03:37:32 +0000",
                    "timeEpoch": 1_795_318_652_007_i64,
                },
                "pathParameters": {"user_id": "a b"},
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let event = event(Request::get("/messages").body(&[][..]).unwrap());
        for name in ["cookies", "queryStringParameters", "body"] {
            assert_eq!(event.get(name), None, "{name}");
        }
        assert_eq!(event["rawQueryString"], "");
    }

    #[test]
    fn a_body_that_is_no_text_is_base64() {
        for (content_type, body, expected) in [
            ("application/json; charset=utf-8", &b"{}"[..], "{}"),
            ("text/plain", "ש".as_bytes(), "ש"),
            ("text/plain", &[0xff], "/w=="),
            ("application/secevent+jwt", b"a.b.c", "YS5iLmM="),
            ("application/x-www-form-urlencoded", b"a=b", "YT1i"),
        ] {
            let event = event(Request::post("/").header("content-type", content_type).body(body).unwrap());
            assert_eq!(event["body"], expected, "{content_type}");
            assert_eq!(event["isBase64Encoded"], event["body"].as_str().unwrap().as_bytes() != body, "{content_type}");
        }
    }
}
