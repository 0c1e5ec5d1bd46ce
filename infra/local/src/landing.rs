//! The page to start at: connects an account and shows its messages. Part of the local stack, not of the API.
//!
//! It sees no more than any browser does: it asks the function that lists messages, with the browser's own cookies.

mod language;
mod mailbox;
mod texts;

use std::net::SocketAddr;

use askama::Template;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, RawQuery, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};
use url::form_urlencoded;

use self::{
    language::Language,
    mailbox::{Mailbox, Problem},
    texts::{Reason, Texts},
};
use crate::gateway::Gateway;

const STYLE: &str = include_str!("../templates/landing.css");
const MESSAGES: &str = "/messages?format=metadata&metadataHeaders=From&metadataHeaders=Subject\
                        &metadataHeaders=Date&maxResults=20";

/// More than a function can answer.
const LIMIT: usize = 8 * 1024 * 1024;

/// The route of the page, which reads the mailbox through that gateway.
pub fn router(gateway: Gateway) -> Router {
    Router::new().route("/", get(show)).with_state(gateway)
}

#[derive(Template)]
#[template(path = "landing.html")]
struct Page {
    texts: &'static Texts,
    style: &'static str,
    notice: Option<Notice>,
    mailbox: Option<Mailbox>,
    step: Step,
}

/// What happened, in words and as a code.
struct Notice {
    sentence: &'static str,
    code: String,
}

/// What to do next where there are no messages to show.
enum Step {
    Connect,
    ConnectAgain(String),
    TryAgain,
}

async fn show(
    State(gateway): State<Gateway>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let texts = Texts::of(Language::wanted(wanted));
    let query = query.unwrap_or_default();
    let request = messages_request(&headers, parameter(&query, "pageToken").as_deref());
    let answer = gateway.answer(request, source.ip()).await;
    let mut page = page(texts, answer).await;
    if let Some(code) = parameter(&query, "error") {
        page.notice = Some(Notice::of(texts, &code));
    }
    render(&page)
}

/// The first value of a query's parameter.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters.find(|(it, _)| it == name).map(|(_, value)| value.into_owned())
}

/// The request that the browser would send for the messages.
fn messages_request(headers: &HeaderMap, page_token: Option<&str>) -> Request {
    let mut uri = MESSAGES.to_owned();
    if let Some(token) = page_token {
        uri.push('&');
        uri.push_str(&form_urlencoded::Serializer::new(String::new()).append_pair("pageToken", token).finish());
    }
    let mut request =
        Request::get(uri).header(header::ACCEPT, "application/json").body(Body::empty()).unwrap_or_default();
    for name in [header::HOST, header::COOKIE, header::USER_AGENT, header::ACCEPT_LANGUAGE] {
        for value in headers.get_all(&name) {
            request.headers_mut().append(&name, value.clone());
        }
    }
    request
}

async fn page(texts: &'static Texts, answer: Response) -> Page {
    let status = answer.status();
    let body = to_bytes(answer.into_body(), LIMIT).await.unwrap_or_default();
    let mut page = Page { texts, style: STYLE, notice: None, mailbox: None, step: Step::TryAgain };
    if status == StatusCode::OK {
        page.mailbox = serde_json::from_slice(&body).ok();
    }
    if page.mailbox.is_none() {
        let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
        (page.notice, page.step) = next_step(texts, &problem);
    }
    page
}

fn next_step(texts: &'static Texts, problem: &Problem) -> (Option<Notice>, Step) {
    if problem.code == "session_required" {
        return (None, Step::Connect);
    }
    let step = problem.connect().map_or(Step::TryAgain, Step::ConnectAgain);
    (Some(Notice::of(texts, &problem.code)), step)
}

impl Notice {
    fn of(texts: &Texts, code: &str) -> Self {
        let plain = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let code = if plain { code } else { "" };
        Self { sentence: (texts.sentence)(Reason::of(code)), code: code.to_owned() }
    }
}

fn render(page: &Page) -> Response {
    let Ok(html) = page.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let headers: [(HeaderName, String); 6] = [
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_LANGUAGE, page.texts.language.to_owned()),
        (header::CONTENT_SECURITY_POLICY, content_security_policy()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::VARY, "Accept-Language, Cookie".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, Html(html)).into_response()
}

/// Nothing but the page itself and its own style.
fn content_security_policy() -> String {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
