//! Events as an API Gateway HTTP API sends them, in
//! [payload format 2.0](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// The host name that the events were sent to, unless [`Event::domain_name`] says another.
pub const DOMAIN_NAME: &str = "abcdefghij.execute-api.eu-central-1.amazonaws.com";

const ACCOUNT_ID: &str = "123456789012";
const SOURCE_IP: &str = "192.0.2.1";
const USER_AGENT: &str = "tests";

/// One request on its way through API Gateway; [`json`](Event::json) gives the event.
#[derive(Clone, Debug)]
pub struct Event {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    cookies: Vec<String>,
    body: Option<String>,
    is_base64_encoded: bool,
    iam: bool,
    domain_name: String,
}

impl Event {
    /// A request with that method, in capitals, for that path, percent-decoded as API Gateway hands it over.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: BTreeMap::new(),
            cookies: Vec::new(),
            body: None,
            is_base64_encoded: false,
            iam: false,
            domain_name: DOMAIN_NAME.to_owned(),
        }
    }

    /// A `GET` of that path.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A `DELETE` of that path.
    pub fn delete(path: &str) -> Self {
        Self::new("DELETE", path)
    }

    /// A `POST` to that path.
    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// With that query, as it is on the wire, without the question mark.
    #[must_use]
    pub fn query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    /// With one more cookie, as `name=value`.
    #[must_use]
    pub fn cookie(mut self, cookie: impl Into<String>) -> Self {
        self.cookies.push(cookie.into());
        self
    }

    /// With those cookies more, each as `name=value`.
    #[must_use]
    pub fn cookies(mut self, cookies: impl IntoIterator<Item = String>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    /// With a header; values of the same name are joined by commas, as API Gateway joins them.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .entry(name.to_ascii_lowercase())
            .and_modify(|values| {
                values.push(',');
                values.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
        self
    }

    /// With a body of that media type; API Gateway encodes in Base64 what it does not take for text.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let text = std::str::from_utf8(body).ok().filter(|_| is_text(content_type));
        self.is_base64_encoded = text.is_none();
        self.body = Some(text.map_or_else(|| STANDARD.encode(body), str::to_owned));
        self.header("content-type", content_type).header("content-length", &body.len().to_string())
    }

    /// Let in by the `AWS_IAM` authorizer.
    #[must_use]
    pub fn iam(mut self) -> Self {
        self.iam = true;
        self
    }

    /// Sent to another host name than [`DOMAIN_NAME`].
    #[must_use]
    pub fn domain_name(mut self, domain_name: &str) -> Self {
        domain_name.clone_into(&mut self.domain_name);
        self
    }

    /// The event. What the request does not have is absent, as it is from API Gateway's.
    pub fn json(&self) -> Value {
        let (route, path_parameters) = route(&self.path);
        let route_key = format!("{} {route}", self.method);
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.all_headers(),
            "requestContext": self.request_context(&route_key),
            "isBase64Encoded": self.is_base64_encoded,
        });
        set(&mut event, "cookies", (!self.cookies.is_empty()).then(|| json!(self.cookies)));
        let parameters = query_parameters(&self.query);
        set(&mut event, "queryStringParameters", (!parameters.is_empty()).then(|| json!(parameters)));
        set(&mut event, "pathParameters", path_parameters);
        set(&mut event, "body", self.body.as_ref().map(|body| json!(body)));
        event
    }

    fn all_headers(&self) -> BTreeMap<&str, &str> {
        let mut headers = BTreeMap::from([
            ("content-length", "0"),
            ("host", self.domain_name.as_str()),
            ("user-agent", USER_AGENT),
            ("x-amzn-trace-id", "Root=1-6921308c-0123456789abcdef01234567"),
            ("x-forwarded-for", SOURCE_IP),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
        ]);
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        headers
    }

    fn request_context(&self, route_key: &str) -> Value {
        let mut context = json!({
            "accountId": ACCOUNT_ID,
            "apiId": "abcdefghij",
            "domainName": self.domain_name,
            "domainPrefix": self.domain_name.split('.').next(),
            "http": {
                "method": self.method,
                "path": self.path,
                "protocol": "HTTP/1.1",
                "sourceIp": SOURCE_IP,
                "userAgent": self.headers.get("user-agent").map_or(USER_AGENT, String::as_str),
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route_key,
            "stage": "$default",
            "time": "22/Nov/2025:03:37:32 +0000",
            "timeEpoch": 1_763_782_652_007_i64,
        });
        set(&mut context, "authorizer", self.iam.then(iam_authorizer));
        context
    }
}

impl From<Event> for Value {
    fn from(event: Event) -> Self {
        event.json()
    }
}

fn set(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.to_owned(), value);
    }
}

fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.starts_with("text/")
        || matches!(media_type, "application/json" | "application/javascript" | "application/xml")
}

/// The route that API Gateway picks for a path, and what the path says in the route's places.
fn route(path: &str) -> (String, Option<Value>) {
    let mut segments = path.splitn(4, '/').skip(1);
    match (segments.next(), segments.next(), segments.next()) {
        (Some("users"), Some(user_id), Some(rest)) => {
            (format!("/users/{{user_id}}/{rest}"), Some(json!({ "user_id": user_id })))
        }
        _ => (path.to_owned(), None),
    }
}

fn query_parameters(query: &str) -> Map<String, Value> {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    parameters.into_iter().map(|(name, values)| (name, Value::String(values.join(",")))).collect()
}

fn iam_authorizer() -> Value {
    json!({
        "iam": {
            "accessKey": "AKIAIOSFODNN7EXAMPLE",
            "accountId": ACCOUNT_ID,
            "callerId": "AIDACKCEVSQ6C2EXAMPLE",
            "cognitoIdentity": null,
            "principalOrgId": null,
            "userArn": format!("arn:aws:iam::{ACCOUNT_ID}:user/backend"),
            "userId": "AIDACKCEVSQ6C2EXAMPLE",
        }
    })
}
