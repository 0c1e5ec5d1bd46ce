//! What holds for every answer, whatever it answers.

use serde_json::Value;
use shared::http::route::Route;

use crate::{answer::Answer, description::Description};

/// Asserts that an answer for a route, or for none, is one that `infra/openapi.yaml` documents.
///
/// # Panics
/// If it is not.
#[track_caller]
pub(super) fn assert_described(route: Option<&Route>, answer: &Answer) {
    let route = route.map(|route| route.pattern);
    if let Err(mismatch) = Description::get().check(route, answer) {
        panic!(
            "{} is answered as infra/openapi.yaml does not say: {mismatch}: {answer:?}",
            route.unwrap_or("no route")
        );
    }
}

/// Asserts what no schema of one part can say: nothing is cached, the parts of a problem agree with its status and
/// headers, and a page has no script.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn assert_sound(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let retry_after = answer.header("retry-after").map(|seconds| seconds.parse().unwrap());
    match answer.header("content-type") {
        Some("application/problem+json") => {
            let problem = answer.json().unwrap();
            assert_eq!(problem["status"], answer.status(), "{answer:?}");
            assert_eq!(problem.get("retry_after").and_then(Value::as_u64), retry_after, "{answer:?}");
        }
        Some("text/html; charset=utf-8") => assert!(!answer.body().contains("<script"), "{answer:?}"),
        None => assert!(answer.body().is_empty(), "{answer:?}"),
        _ => assert!(answer.json().is_ok(), "{answer:?}"),
    }
}
