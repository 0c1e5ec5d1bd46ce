//! Problems and pages, with texts of others in them.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a page that is not as every page must be has failed"
)]

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;
use shared::http::{
    Request, Response,
    language::Language,
    page::{Notice, Page},
    problem::{Kind, Problem},
};
use url::Url;

use crate::sound::assert_sound;

const KNOWN_SCOPE: &str = "https://www.googleapis.com/auth/gmail.readonly";

/// The first byte chooses the problem, the rest are texts, one a line: of the button, of Google, of the problem itself, of a
/// language, and scopes. As JSON each comes out as it went in; a page holds no markup but ours.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let mut lines = text.split('\n');
    let [href, google, detail, language] = [(); 4].map(|()| lines.next().unwrap_or_default());
    let scopes: Vec<_> = lines.map(str::to_owned).collect();
    let kind = *Kind::ALL.iter().cycle().nth(usize::from(*first)).unwrap();
    let problem = Problem {
        detail: Some(detail.to_owned()),
        google_error: Some(google.to_owned()),
        missing_scopes: scopes,
        retry_after: Some(Duration::from_millis(u64::from(*first))),
        ..Problem::from(kind).with_authorization_url(href)
    };
    as_json(&problem, href);
    as_page(&problem, href, language);
    connected(*first, google, href);
}

fn as_json(problem: &Problem, href: &str) {
    let response = problem.to_response();
    assert_sound(&response);
    let body: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(body["authorization_url"], href);
    let expected = problem.detail.as_deref().filter(|_| problem.status() < 500).unwrap_or(problem.kind.row().detail);
    assert_eq!(body["detail"], expected);
    let scopes: Vec<String> = serde_json::from_value(body["missing_scopes"].clone()).unwrap_or_default();
    assert_eq!(scopes, problem.missing_scopes);
}

fn as_page(problem: &Problem, href: &str, language: &str) {
    let request =
        Request { headers: [("accept-language".to_owned(), language.to_owned())].into(), ..Request::default() };
    let page = Page::of_problem(problem, &request, Some(href));
    let plain = Problem {
        google_error: Some("x".to_owned()),
        missing_scopes: vec!["x".to_owned(), KNOWN_SCOPE.to_owned()],
        ..problem.clone()
    };
    assert_only_our_markup(&page, &Page::of_problem(&plain, &request, Some("/")), href);
}

fn connected(first: u8, email: &str, href: &str) {
    let language = *Language::ALL.iter().cycle().nth(usize::from(first)).unwrap();
    let page = |email, href| {
        let notice = Notice::Connected { email: Some(email) };
        Page { language, notice, restart: Some(href) }.into_response(200, "ok")
    };
    assert_only_our_markup(&page(email, href), &page("x", "/"), href);
}

/// Each tag is one that the page has with harmless texts; the button leads where it was to lead, and only by http.
fn assert_only_our_markup(page: &Response, harmless: &Response, href: &str) {
    assert_sound(page);
    let known: BTreeSet<_> = tags(&harmless.body).collect();
    for tag in tags(&page.body) {
        match tag.strip_prefix("a id=\"restart\" href=\"") {
            Some(rest) => assert_leads(rest.strip_suffix('"').unwrap(), href),
            None => assert!(known.contains(tag), "<{tag}> is not ours"),
        }
    }
}

fn assert_leads(written: &str, href: &str) {
    assert!(!written.contains(['"', '<', '>']), "{written}");
    let read = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
        .iter()
        .fold(written.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain));
    assert_eq!(read, href);
    let own = Url::parse("https://mail.example.com/callback").unwrap();
    let url = own.join(href).unwrap();
    assert!(matches!(url.scheme(), "http" | "https"), "{href}");
    assert!(!href.starts_with('/') || url.origin() == own.origin(), "{href}");
}

/// What is between each `<` and the `>` behind it.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default())
}
