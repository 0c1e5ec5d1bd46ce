//! Opens the page to start at, before functions of the tests' own.

#![cfg(test)]

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use local::{
    gateway::{Gateway, Options},
    landing,
};
use shared::{
    domain::{random::SystemRandomness, time::SystemClock},
    function::{Deadline, Function},
    http::{Request, Response, route::Route},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// Answers always the same and shows what it was asked.
struct ListMessages {
    status: u16,
    body: &'static str,
    asked: UnboundedSender<Request>,
}

#[async_trait]
impl Function for ListMessages {
    fn name(&self) -> &'static str {
        "list-messages"
    }

    fn routes(&self) -> &'static [Route] {
        const { &[Route::new("GET /messages")] }
    }

    async fn handle(&self, _: &'static Route, request: &Request, _: Deadline) -> Response {
        // A test that does not care what was asked has dropped the receiver.
        let _ = self.asked.send(request.clone());
        Response::new(self.status, "ok").with_body("application/json", self.body)
    }
}

/// Says how the connection stands, and ends it.
struct Connection(UnboundedSender<Request>);

#[async_trait]
impl Function for Connection {
    fn name(&self) -> &'static str {
        "connection"
    }

    fn routes(&self) -> &'static [Route] {
        const { &[Route::new("GET /connection"), Route::new("DELETE /connection")] }
    }

    async fn handle(&self, _: &'static Route, request: &Request, _: Deadline) -> Response {
        self.0.send(request.clone()).unwrap();
        let ok = Response::new(200, "ok");
        if request.method == "GET" {
            return ok.with_body("application/json", CONNECTION);
        }
        ok.with_body("application/json", r#"{"revoked_at_google":true}"#).with_cookie("session=; Max-Age=0")
    }
}

async fn start(status: u16, body: &'static str) -> (SocketAddr, UnboundedReceiver<Request>) {
    let (asked, requests) = unbounded_channel();
    (serve(vec![Arc::new(ListMessages { status, body, asked })]).await, requests)
}

/// Starts the page over both functions; the requests are those for the connection.
async fn start_connected() -> (SocketAddr, UnboundedReceiver<Request>) {
    let ((asked, requests), (ignored, _)) = (unbounded_channel(), unbounded_channel());
    let messages = ListMessages { status: 200, body: r#"{"messages":[]}"#, asked: ignored };
    (serve(vec![Arc::new(messages), Arc::new(Connection(asked))]).await, requests)
}

async fn serve(functions: Vec<Arc<dyn Function>>) -> SocketAddr {
    let options = Options::new(functions, Arc::new(SystemClock), Arc::new(SystemRandomness::default()));
    let gateway = Gateway::new(options);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(Gateway::serve(listener, gateway.router().merge(landing::router(gateway))));
    address
}

async fn send(address: SocketAddr, line: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get(address: SocketAddr, target: &str, headers: &str) -> String {
    let answer = send(address, &format!("GET {target}"), headers).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    answer
}

async fn page(status: u16, body: &'static str, target: &str) -> String {
    get(start(status, body).await.0, target, "").await
}

fn assert_holds(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

const CONNECTION: &str = r#"{"user_id":"108","email":"a@example.com","status":"active","status_reason":null,"scopes":[],
    "connected_at":"2026-11-22T03:37:32.007Z","updated_at":"2026-11-22T03:37:32.007Z","refresh_token_expires_at":null,
    "warnings":[]}"#;
const SESSION_REQUIRED: &str = r#"{"code":"session_required","authorization_url":"/authorize"}"#;
const ONE_MESSAGE: &str = r#"{"messages":[{"id":"1","threadId":"1","payload":{"headers":[
    {"name":"From","value":"A <a@example.com>"},{"name":"subject","value":"<script>שלום</script>"},
    {"name":"Date","value":"Sun, 22 Nov 2026 03:37:32 +0000"}]}},{"id":"2","threadId":"2"}],
    "nextPageToken":"a&b","resultSizeEstimate":2}"#;

#[tokio::test]
async fn without_a_session_there_is_a_button_to_connect() {
    let page = page(401, SESSION_REQUIRED, "/").await;
    assert_holds(&page, &[r#"<a class="button" id="connect" href="/authorize?return_to=/">Connect Gmail</a>"#]);
    assert!(!page.contains("id=\"notice\"") && !page.contains("id=\"messages\""), "{page}");
}

#[tokio::test]
async fn it_asks_for_the_messages_as_the_browser_would() {
    let (address, mut requests) = start(401, SESSION_REQUIRED).await;
    get(address, "/?pageToken=a%26b", "Cookie: session=1; other=2\r\nAccept: text/html\r\n").await;
    let request = requests.recv().await.unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/messages"));
    assert_eq!(
        request.query,
        "format=metadata&metadataHeaders=From&metadataHeaders=Subject&metadataHeaders=Date&maxResults=20\
         &pageToken=a%26b"
    );
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.cookies, ["session=1", "other=2"]);
}

#[tokio::test]
async fn messages_are_shown_and_nothing_in_them_is_markup() {
    let page = page(200, ONE_MESSAGE, "/").await;
    assert_holds(
        &page,
        &[
            r#"<ol id="messages">"#,
            r#"<span class="from" dir="auto">A &#60;a@example.com&#62;</span>"#,
            r#"<span class="subject" dir="auto">&#60;script&#62;שלום&#60;/script&#62;</span>"#,
            "Sun, 22 Nov 2026 03:37:32 +0000",
            "This message could not be read.",
            r#"href="/?pageToken=a%26b""#,
        ],
    );
    assert!(!page.contains("<script") && !page.contains("id=\"connect\""), "{page}");
}

#[tokio::test]
async fn an_empty_mailbox_says_so() {
    let page = page(200, r#"{"messages":[],"resultSizeEstimate":0}"#, "/").await;
    assert_holds(&page, &[r#"<p id="messages">There are no messages in this mailbox.</p>"#]);
    assert!(!page.contains("id=\"next\""), "{page}");
}

#[tokio::test]
async fn a_problem_is_explained_with_the_way_to_connect_again() {
    for (status, code) in
        [(401, "reauthorization_required"), (404, "connection_not_found"), (403, "insufficient_scope")]
    {
        let body = format!(r#"{{"code":"{code}","authorization_url":"/authorize?login_hint=108"}}"#);
        let page = page(status, body.leak(), "/").await;
        assert_holds(&page, &[code, "id=\"notice\"", "id=\"connect\""]);
        assert_holds(&page, &["href=\"/authorize?login_hint=108&#38;return_to=%2F\""]);
    }
}

#[tokio::test]
async fn a_problem_that_connecting_does_not_solve_asks_to_try_again() {
    for (status, body) in [
        (503, r#"{"code":"google_unavailable"}"#),
        (429, r#"{"code":"rate_limited"}"#),
        (500, "not JSON"),
        (200, "not JSON"),
    ] {
        let page = page(status, body, "/").await;
        assert_holds(&page, &["id=\"notice\"", "id=\"again\""]);
        assert!(!page.contains("id=\"connect\""), "{page}");
    }
}

#[tokio::test]
async fn an_error_that_the_callback_brings_back_is_explained() {
    let page = page(401, SESSION_REQUIRED, "/?error=access_denied&state=x").await;
    assert_holds(&page, &["Access was not granted", "access_denied", "id=\"connect\""]);
}

#[tokio::test]
async fn an_error_of_someone_elses_making_is_not_repeated() {
    let page = page(401, SESSION_REQUIRED, "/?error=%3Cb%3Ecall+0800%3C/b%3E").await;
    assert_holds(&page, &["That did not work."]);
    assert!(!page.contains("0800"), "{page}");
}

#[tokio::test]
async fn a_query_of_any_kind_shows_the_page() {
    for target in ["/?error=a&error=b", "/?pageToken=%ff", "/?%", "/?&&=="] {
        let page = page(401, SESSION_REQUIRED, target).await;
        assert_holds(&page, &["id=\"connect\""]);
    }
}

#[tokio::test]
async fn the_page_speaks_the_browsers_language() {
    let (address, _requests) = start(401, SESSION_REQUIRED).await;
    for (wanted, html, text) in [
        ("en", r#"<html lang="en" dir="ltr">"#, "Connect Gmail"),
        ("de-DE,de;q=0.9", r#"<html lang="de" dir="ltr">"#, "Gmail verbinden"),
        ("he-IL,he;q=0.9,en;q=0.8", r#"<html lang="he" dir="rtl">"#, "חיבור Gmail"),
    ] {
        let page = get(address, "/", &format!("Accept-Language: {wanted}\r\n")).await;
        assert_holds(&page, &[html, text, &format!("content-language: {}", &wanted[..2])]);
    }
}

#[tokio::test]
async fn the_page_allows_itself_nothing_but_its_style() {
    let page = page(401, SESSION_REQUIRED, "/").await;
    assert_holds(
        &page,
        &[
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ],
    );
    assert_holds(
        &page,
        &["x-content-type-options: nosniff", "referrer-policy: same-origin", "cache-control: no-store"],
    );
}

#[tokio::test]
async fn the_connection_is_asked_for_as_the_browser_would_and_shown() {
    let (address, mut requests) = start_connected().await;
    let page = get(address, "/", "Cookie: session=1\r\n").await;
    assert_holds(&page, &["a@example.com", "data-status=\"active\"", "action=\"/disconnect\"", "id=\"messages\""]);
    let request = requests.recv().await.unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/connection"));
    assert_eq!(
        (request.header("accept"), &*request.cookies),
        (Some("application/json"), &["session=1".to_owned()][..])
    );
}

#[tokio::test]
async fn the_button_to_disconnect_ends_the_connection_and_the_session() {
    let (address, mut requests) = start_connected().await;
    let headers = "Cookie: session=1\r\nOrigin: http://localhost\r\nContent-Length: 0\r\n";
    let answer = send(address, "POST /disconnect", headers).await;
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    assert_holds(&answer, &["location: /\r\n", "set-cookie: session=; Max-Age=0\r\n"]);
    let request = requests.recv().await.unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("DELETE", "/connection"));
    assert_eq!(
        (request.header("origin"), &*request.cookies),
        (Some("http://localhost"), &["session=1".to_owned()][..])
    );
}

#[tokio::test]
async fn no_other_site_can_disconnect() {
    let (address, mut requests) = start_connected().await;
    for origin in ["Origin: http://evil.example\r\n", "Origin: null\r\n", ""] {
        let headers = format!("Cookie: session=1\r\n{origin}Content-Length: 0\r\n");
        let answer = send(address, "POST /disconnect", &headers).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }
    assert!(requests.try_recv().is_err(), "nothing was asked of the function");
}
