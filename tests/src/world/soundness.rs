//! What holds for every answer, whatever it answers.

use crate::answer::Answer;

/// Asserts what the contract says of every response: nothing is cached, a page can do and load nothing, and a problem
/// is whole.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn assert_sound(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let content_type = answer.header("content-type").unwrap_or_default();
    match (answer.status(), content_type) {
        (302 | 303, "") => assert!(answer.header("location").is_some_and(str::is_ascii), "{answer:?}"),
        (status, "application/problem+json") => assert_is_problem(status, answer),
        (202, "") => assert!(answer.body().is_empty(), "{answer:?}"),
        (400, "application/json") => assert_is_security_event_error(answer),
        (200, "application/json") => assert!(answer.json().is_ok(), "{answer:?}"),
        (_, "text/html; charset=utf-8") => assert_is_page(answer),
        _ => panic!("a response of no documented kind: {answer:?}"),
    }
}

#[track_caller]
fn assert_is_problem(status: u16, answer: &Answer) {
    let problem = answer.json().unwrap();
    let code = problem["code"].as_str().unwrap();
    assert_eq!(problem["type"], format!("urn:gmail-connect:problem:{code}"));
    assert_eq!(problem["status"], status);
    assert!(status >= 400);
    for text in ["title", "detail"] {
        assert!(problem[text].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    let known = ["authorization_url", "code", "detail", "errors", "missing_scopes", "retry_after"];
    let known = known.into_iter().chain(["status", "title", "type"]).collect::<Vec<_>>();
    assert!(problem.as_object().unwrap().keys().all(|name| known.contains(&name.as_str())), "{problem}");
}

/// RFC 8935 §2.3.
#[track_caller]
fn assert_is_security_event_error(answer: &Answer) {
    let error = answer.json().unwrap();
    assert!(["err", "description"].iter().all(|name| error[name].as_str().is_some_and(|text| !text.is_empty())));
    assert_eq!(answer.header("content-language"), Some("en"));
}

#[track_caller]
fn assert_is_page(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let policy = answer.header("content-security-policy").unwrap();
    for directive in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|given| given == directive), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!answer.body().contains("<script"));
}
