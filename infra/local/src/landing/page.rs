//! The page itself: what there is to show, and the headers it goes out with.

use askama::Template;
use axum::{
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use super::{
    api::Answer,
    connection::Connection,
    mailbox::{Mailbox, Problem},
    texts::{Reason, Texts},
};

const STYLE: &str = include_str!("../../templates/landing.css");

#[derive(Template)]
#[template(path = "landing.html")]
pub(super) struct Page {
    texts: &'static Texts,
    style: &'static str,
    pub(super) notice: Option<Notice>,
    connection: Option<Connection>,
    mailbox: Option<Mailbox>,
    step: Step,
}

/// What happened, in words and as a code.
pub(super) struct Notice {
    sentence: &'static str,
    code: String,
}

/// What to do next where there are no messages to show.
enum Step {
    Connect,
    ConnectAgain(String),
    TryAgain,
}

impl Page {
    /// The page for what the function that lists messages answers, with the connection if it is known.
    pub(super) fn new(texts: &'static Texts, messages: &Answer, connection: Option<Connection>) -> Self {
        let mut page = Self { texts, style: STYLE, notice: None, connection, mailbox: None, step: Step::TryAgain };
        if messages.status == StatusCode::OK {
            page.mailbox = serde_json::from_slice(&messages.body).ok();
        }
        if page.mailbox.is_none() {
            let problem: Problem = serde_json::from_slice(&messages.body).unwrap_or_default();
            (page.notice, page.step) = next_step(texts, &problem);
        }
        page
    }

    /// The page as a response.
    pub(super) fn into_response(self) -> Response {
        let Ok(html) = self.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let headers: [(HeaderName, String); 6] = [
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::CONTENT_LANGUAGE, self.texts.language.to_owned()),
            (header::CONTENT_SECURITY_POLICY, content_security_policy()),
            // With `no-referrer`, a form of this page would go out with `Origin: null`.
            (header::REFERRER_POLICY, "same-origin".to_owned()),
            (header::VARY, "Accept-Language, Cookie".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        (headers, Html(html)).into_response()
    }
}

fn next_step(texts: &'static Texts, problem: &Problem) -> (Option<Notice>, Step) {
    if problem.code == "session_required" {
        return (None, Step::Connect);
    }
    let step = problem.connect().map_or(Step::TryAgain, Step::ConnectAgain);
    (Some(Notice::of(texts, &problem.code)), step)
}

impl Notice {
    pub(super) fn of(texts: &Texts, code: &str) -> Self {
        let code = if is_plain(code) { code } else { "" };
        Self { sentence: (texts.sentence)(Reason::of(code)), code: code.to_owned() }
    }
}

/// Whether a text can be the code of a problem.
pub(super) fn is_plain(code: &str) -> bool {
    code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Nothing but the page itself, its own style and its own form.
fn content_security_policy() -> String {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::language::Language, *};

    fn page(language: &str, messages: &Value, connection: &Value) -> String {
        let answer =
            |status, body: &Value| Answer { status, headers: http::HeaderMap::new(), body: body.to_string().into() };
        let status = if messages.get("code").is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        let texts = Texts::of(Language::wanted(language));
        let connection = Connection::read(&answer(StatusCode::OK, connection));
        Page::new(texts, &answer(status, messages), connection).render().unwrap()
    }

    fn connection(status: &str, reason: Option<&str>, warnings: &[&str]) -> Value {
        let warnings: Vec<_> = warnings.iter().map(|detail| json!({ "code": "x", "detail": detail })).collect();
        json!({
            "user_id": "108", "email": "a@example.com", "status": status, "status_reason": reason, "scopes": [],
            "connected_at": "2026-11-22T03:37:32.007Z", "updated_at": "2026-11-22T03:37:32.007Z",
            "refresh_token_expires_at": null, "warnings": warnings,
        })
    }

    fn assert_holds(page: &str, parts: &[&str]) {
        for part in parts {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }

    const NOT_KNOWN: Value = Value::Null;

    #[test]
    fn an_active_connection_is_shown_with_its_account_age_and_end() {
        let page = page("en", &json!({ "messages": [] }), &connection("active", None, &[]));
        assert_holds(
            &page,
            &[
                r#"<dd id="account" dir="auto">a@example.com</dd>"#,
                r#"<dd id="status" data-status="active">Connected</dd>"#,
                r#"<time datetime="2026-11-22T03:37:32.007Z" dir="ltr">2026-11-22 03:37 UTC</time>"#,
                r#"<form method="post" action="/disconnect">"#,
                r#"<button class="plain" id="disconnect">Disconnect</button>"#,
                r#"id="messages""#,
            ],
        );
        assert!(!page.contains("class=\"warning\""), "{page}");
    }

    #[test]
    fn warnings_are_shown_and_nothing_in_them_is_markup() {
        let connection = connection("active", None, &["Ends on <b>Monday</b>.", "Two."]);
        let page = page("de", &json!({ "messages": [] }), &connection);
        assert_holds(
            &page,
            &["Ends on &#60;b&#62;Monday&#60;/b&#62;.", ">Two.</p>", "Verbindung trennen", "Verbunden"],
        );
    }

    #[test]
    fn a_revoked_connection_says_why_and_can_be_connected_again() {
        let problem = json!({
            "code": "reauthorization_required", "authorization_url": "/authorize?login_hint=108&prompt=consent",
        });
        let page = page("he", &problem, &connection("revoked", Some("tokens_revoked"), &[]));
        assert_holds(
            &page,
            &[
                r#"<dd id="status" data-status="revoked">הגישה הסתיימה <code dir="ltr">tokens_revoked</code></dd>"#,
                r#"id="connect" href="/authorize?login_hint=108&#38;prompt=consent&#38;return_to=%2F""#,
                "ניתוק החשבון",
            ],
        );
    }

    #[test]
    fn where_the_connection_is_not_known_nothing_is_said_of_it() {
        for messages in [json!({ "messages": [] }), json!({ "code": "session_required" })] {
            let page = page("en", &messages, &NOT_KNOWN);
            assert!(!page.contains("id=\"connection\"") && !page.contains("/disconnect"), "{page}");
        }
    }

    #[test]
    fn a_grant_that_is_left_at_google_is_explained() {
        let notice = Notice::of(Texts::of(Language::English), super::super::disconnect::LEFT_AT_GOOGLE);
        assert!(notice.sentence.contains("Google could not be reached"));
    }
}
