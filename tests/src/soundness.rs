//! What holds for every answer, whatever it answers, and whether a function gives it in this process or in its own.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "an answer that is not as every answer must be has failed the test"
)]

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;
use shared::http::{
    Request,
    route::{Route, matching},
};

use crate::{answer::Answer, description::Description};

/// The documented routes of each function.
static ROUTES: LazyLock<BTreeMap<&str, Vec<Route>>> = LazyLock::new(|| {
    let mut routes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for operation in Description::get().operations() {
        routes.entry(operation.function.as_str()).or_default().push(Route::new(&operation.route));
    }
    routes
});

/// Asserts that a function's answer to an event is one that `infra/openapi.yaml` documents, and sound.
///
/// # Panics
/// If it is not.
#[track_caller]
pub fn assert_kept(function: &str, event: &str, answer: &Answer) {
    let route = route(function, event);
    if let Err(mismatch) = Description::get().check(route, answer) {
        panic!(
            "{function} answers {} as infra/openapi.yaml does not say: {mismatch}: {answer:?}",
            route.unwrap_or("no route")
        );
    }
    assert_sound(answer);
}

/// The route of the function that an event is for, if it is for one.
fn route(function: &str, event: &str) -> Option<&'static str> {
    let request = Request::from_event(event).ok()?;
    matching(ROUTES.get(function)?, &request.method, &request.path).map(|route| route.pattern)
}

/// Asserts what no schema of one part can say: nothing is cached, the parts of a problem agree with its status and
/// headers, and a page has no script.
#[track_caller]
fn assert_sound(answer: &Answer) {
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
