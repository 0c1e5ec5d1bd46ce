//! Sends requests through the gateway to functions of the tests' own.

#![cfg(test)]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{Response, StatusCode},
};
use local::{
    aws::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY},
    gateway::{Gateway, Options},
};
use shared::{
    domain::{
        random::SystemRandomness,
        time::{Clock, Timestamp},
    },
    function::{Deadline, Function},
    http::{self, route::Route},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_320_839);
/// Whatever the gateway passes on is answered.
const ALL: &[Route] = &[
    Route::new("GET /authorize-url"),
    Route::new("GET /authorize"),
    Route::new("GET /callback"),
    Route::new("GET /messages"),
    Route::new("GET /users/{user_id}/messages"),
];
const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// What the function of the tests does.
#[derive(Clone, Copy)]
enum Behaviour {
    Tell,
    Hang,
    Panic,
    Fill(usize),
    BreakHeader,
}

struct Stub(&'static str, Behaviour);

#[async_trait]
impl Function for Stub {
    fn name(&self) -> &'static str {
        self.0
    }

    fn routes(&self) -> &'static [Route] {
        ALL
    }

    async fn handle(&self, _: &'static Route, request: &http::Request, deadline: Deadline) -> http::Response {
        let response = http::Response::new(201, "ok");
        match self.1 {
            Behaviour::Tell => {
                let seconds = deadline.remaining().as_secs_f32().ceil();
                let body = format!("{} {} {seconds} {}", self.0, request.path, request.signed_with_iam);
                response.with_cookie("a=1; Path=/").with_cookie("b=2").with_body("text/plain", body)
            }
            Behaviour::Hang => std::future::pending().await,
            Behaviour::Panic => panic!("a fault of the function's own"),
            Behaviour::Fill(bytes) => response.with_body("text/plain", "x".repeat(bytes)),
            Behaviour::BreakHeader => response.with_header("x-broken", "a\r\nb"),
        }
    }
}

fn gateway(behaviour: Behaviour) -> Gateway {
    let names = ["authorize-url", "callback", "list-messages"];
    let functions = names.map(|name| Arc::new(Stub(name, behaviour)) as Arc<dyn Function>);
    let mut options = Options::new(functions.into(), Arc::new(FixedClock), Arc::new(SystemRandomness::default()));
    if matches!(behaviour, Behaviour::Hang) {
        options.time_out = Duration::from_millis(50);
    }
    Gateway::new(options)
}

fn get(uri: &str) -> Request {
    Request::get(uri).header("host", "localhost:8787").body(Body::empty()).unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

async fn expect(behaviour: Behaviour, request: Request, status: StatusCode, body: &str) {
    let response = gateway(behaviour).answer(request, SOURCE).await;
    assert_eq!(response.status(), status);
    assert_eq!(text(response).await, body);
}

/// The request signed with these keys and at that time, as AWS's own clients sign.
fn signed(request: Request, access_key: &str, secret: &str, at: Timestamp) -> Request {
    signed_with(request, &[("host", "localhost:8787")], access_key, secret, at)
}

/// The same, with these headers signed.
fn signed_with(
    mut request: Request,
    headers: &[(&str, &str)],
    access_key: &str,
    secret: &str,
    at: Timestamp,
) -> Request {
    let identity = Credentials::new(access_key, secret, None, None, "test").into();
    let at = std::time::UNIX_EPOCH + Duration::from_secs(at.unix_seconds().try_into().unwrap());
    let builder = v4::SigningParams::builder().identity(&identity).region(REGION).name("execute-api");
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let parameters = builder.time(at).settings(settings).build().unwrap().into();
    let uri = format!("http://localhost:8787{}", request.uri());
    let signable =
        SignableRequest::new(request.method().as_str(), uri, headers.iter().copied(), SignableBody::Bytes(b""))
            .unwrap();
    sign(signable, &parameters).unwrap().into_parts().0.apply_to_request_http1x(&mut request);
    request
}

#[tokio::test]
async fn each_route_leads_to_its_function() {
    for (path, function) in [
        ("/authorize-url?login_hint=a", "authorize-url"),
        ("/authorize", "authorize-url"),
        ("/callback?code=a&state=b", "callback"),
        ("/messages", "list-messages"),
    ] {
        let response = gateway(Behaviour::Tell).answer(get(path), SOURCE).await;
        assert!(text(response).await.starts_with(&format!("{function} ")), "{path}");
    }
}

#[tokio::test]
async fn an_answer_keeps_its_status_and_sets_each_cookie_by_itself() {
    let response = gateway(Behaviour::Tell).answer(get("/messages"), SOURCE).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1; Path=/", "b=2"]);
    assert!(response.headers().contains_key("apigw-requestid"));
    assert_eq!(text(response).await, "list-messages /messages 29 false");
}

#[tokio::test]
async fn what_is_no_route_is_not_found() {
    let post = Request::post("/messages").body(Body::empty()).unwrap();
    for request in [get("/"), get("/messages/"), get("/elsewhere"), post] {
        expect(Behaviour::Tell, request, StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#).await;
    }
}

#[tokio::test]
async fn a_request_signed_with_the_stacks_key_is_let_in() {
    for uri in ["/users/108/messages", "/users/a%20b%2Bc/messages?q=is%3Aunread&q=a&maxResults=5&empty="] {
        let request = signed(get(uri), ACCESS_KEY_ID, SECRET_ACCESS_KEY, NOW);
        let response = gateway(Behaviour::Tell).answer(request, SOURCE).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{uri}");
        assert!(text(response).await.ends_with(" true"));
    }
}

#[tokio::test]
async fn any_header_may_be_signed() {
    let headers = [("host", "localhost:8787"), ("user-agent", "backend/1"), ("accept", "a  b")];
    let mut request = get("/users/108/messages");
    for (name, value) in headers {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let mut request = signed_with(request, &headers, ACCESS_KEY_ID, SECRET_ACCESS_KEY, NOW);
    let response = gateway(Behaviour::Tell).answer(request, SOURCE).await;
    assert_eq!(response.status(), StatusCode::CREATED);

    request = signed_with(get("/users/108/messages"), &headers, ACCESS_KEY_ID, SECRET_ACCESS_KEY, NOW);
    request.headers_mut().insert("user-agent", "another".parse().unwrap());
    let response = gateway(Behaviour::Tell).answer(request, SOURCE).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_host_may_be_named_in_the_target() {
    let request = Request::get("http://localhost:8787/users/108/messages").body(Body::empty()).unwrap();
    let mut signed = signed(get("/users/108/messages"), ACCESS_KEY_ID, SECRET_ACCESS_KEY, NOW);
    signed.headers_mut().remove("host");
    *signed.uri_mut() = request.uri().clone();
    let response = gateway(Behaviour::Tell).answer(signed, SOURCE).await;
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_request_as_curl_signs_it_is_let_in() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIALOCALSTACK000000/20261122/eu-central-1/execute-api/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=e9233da2f704c69aea8694347526c7f5531f5be5e24e7470899668baac8a7c7f";
    let mut request = get("/users/108/messages?maxResults=5&q=is%3Aunread");
    request.headers_mut().insert("authorization", authorization.parse().unwrap());
    request.headers_mut().insert("x-amz-date", "20261122T041359Z".parse().unwrap());
    let response = gateway(Behaviour::Tell).answer(request, SOURCE).await;
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_request_without_the_right_signature_is_forbidden() {
    let uri = "/users/108/messages";
    let right = || signed(get(uri), ACCESS_KEY_ID, SECRET_ACCESS_KEY, NOW);
    let altered = |alter: fn(&mut Request)| {
        let mut request = right();
        alter(&mut request);
        request
    };
    for (what, request) in [
        ("unsigned", get(uri)),
        ("another key", signed(get(uri), "AKIAOTHER", SECRET_ACCESS_KEY, NOW)),
        ("another secret", signed(get(uri), ACCESS_KEY_ID, "other", NOW)),
        ("too old", signed(get(uri), ACCESS_KEY_ID, SECRET_ACCESS_KEY, NOW.before(Duration::from_secs(301)))),
        ("too new", signed(get(uri), ACCESS_KEY_ID, SECRET_ACCESS_KEY, NOW.after(Duration::from_secs(301)))),
        ("another path", altered(|it| *it.uri_mut() = "/users/109/messages".parse().unwrap())),
        ("another query", altered(|it| *it.uri_mut() = "/users/108/messages?q=a".parse().unwrap())),
        ("another body", altered(|it| *it.body_mut() = Body::from("x"))),
        ("another host", altered(|it| drop(it.headers_mut().insert("host", "other".parse().unwrap())))),
        ("unsigned header of AWS", altered(|it| drop(it.headers_mut().insert("x-amz-other", "a".parse().unwrap())))),
        (
            "nonsense",
            altered(|it| drop(it.headers_mut().insert("authorization", "AWS4-HMAC-SHA256 x".parse().unwrap()))),
        ),
    ] {
        let response = gateway(Behaviour::Tell).answer(request, SOURCE).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{what}");
        assert_eq!(text(response).await, r#"{"message":"Forbidden"}"#);
    }
    assert_eq!(gateway(Behaviour::Tell).answer(right(), SOURCE).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_long_line_with_headers_is_refused() {
    let head = |bytes| {
        let written = "GET /messages HTTP/1.1\r\nhost: localhost:8787\r\nx: \r\n".len();
        let mut request = get("/messages");
        request.headers_mut().insert("x", "y".repeat(bytes - written).parse().unwrap());
        request
    };
    let message = r#"{"message":"Request Header Fields Too Large"}"#;
    expect(Behaviour::Tell, head(10_241), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, message).await;
    let response = gateway(Behaviour::Tell).answer(head(10_240), SOURCE).await;
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_body_of_over_10_mb_is_refused() {
    let request = |bytes| Request::get("/messages").body(Body::from(vec![b'x'; bytes])).unwrap();
    let message = r#"{"message":"Request Entity Too Large"}"#;
    expect(Behaviour::Tell, request(10 * 1024 * 1024 + 1), StatusCode::PAYLOAD_TOO_LARGE, message).await;
    let response = gateway(Behaviour::Tell).answer(request(10 * 1024 * 1024), SOURCE).await;
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_function_that_fails_its_contract_is_an_internal_error() {
    for behaviour in [Behaviour::Panic, Behaviour::Fill(6 * 1024 * 1024), Behaviour::BreakHeader] {
        let message = r#"{"message":"Internal Server Error"}"#;
        expect(behaviour, get("/messages"), StatusCode::INTERNAL_SERVER_ERROR, message).await;
    }
    let response = gateway(Behaviour::Fill(6 * 1024 * 1024 - 1024)).answer(get("/messages"), SOURCE).await;
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_function_that_does_not_answer_is_unavailable() {
    let message = r#"{"message":"Service Unavailable"}"#;
    expect(Behaviour::Hang, get("/messages"), StatusCode::SERVICE_UNAVAILABLE, message).await;
}

#[tokio::test]
async fn the_gateway_speaks_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(Gateway::serve(listener, gateway(Behaviour::Tell).router()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nlist-messages /messages 29 false"), "{answer}");
    server.abort();
}
