//! Logs: one JSON object a line. One line for each request, with the duration of each upstream call; one for each
//! retry. Never a token, a code, a cookie, a secret or an e-mail address.

mod json_lines;

use std::{
    cell::RefCell,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

use self::json_lines::JsonLines;
use crate::http::Response;

tokio::task_local! {
    static INVOCATION: RefCell<Invocation>;
}

/// Whether no request has been handled yet.
static COLD: AtomicBool = AtomicBool::new(true);

/// What is known of the invocation under way.
struct Invocation {
    function: &'static str,
    calls: Vec<Call>,
}

/// One upstream call.
#[derive(Serialize)]
struct Call {
    call: &'static str,
    ms: f64,
}

/// Writes log lines to standard output, from a level on (`RUST_LOG`; by default `info`).
///
/// Other crates are heard from `warn` on only: below that, some write down what they send and receive.
pub fn init(level: Option<&str>) {
    // A second call has nothing to do: the first one's subscriber stays.
    let _ = tracing_subscriber::registry().with(JsonLines::new(level)).try_init();
}

/// Runs one invocation of a function and logs its line.
pub async fn invocation(
    function: &'static str,
    route: &'static str,
    handled: impl Future<Output = Response>,
) -> Response {
    observed(function, handled, |response, Seen { duration_ms, cold, upstream }| {
        let (outcome, status) = (response.outcome, response.status_code);
        tracing::info!(route, outcome, status, duration_ms, cold, upstream, "request");
    })
    .await
}

/// Runs one invocation with a batch of records and logs its line.
pub async fn batch<T>(function: &'static str, records: usize, taken: impl Future<Output = Option<T>>) -> Option<T> {
    observed(function, taken, |failed, Seen { duration_ms, cold, upstream }| {
        let outcome = if failed.is_none() { "ok" } else { "delivered_again" };
        tracing::info!(records, outcome, duration_ms, cold, upstream, "batch");
    })
    .await
}

/// What was seen of an invocation.
struct Seen {
    duration_ms: f64,
    cold: bool,
    upstream: String,
}

async fn observed<T>(function: &'static str, future: impl Future<Output = T>, log: impl FnOnce(&T, Seen)) -> T {
    let cold = COLD.swap(false, Ordering::Relaxed);
    let started = Instant::now();
    let invocation = RefCell::new(Invocation { function, calls: Vec::new() });
    INVOCATION
        .scope(invocation, async {
            let output = future.await;
            let calls = INVOCATION.with(|invocation| std::mem::take(&mut invocation.borrow_mut().calls));
            let upstream = serde_json::to_string(&calls).unwrap_or_default();
            log(&output, Seen { duration_ms: millis(started.elapsed()), cold, upstream });
            output
        })
        .await
}

/// Runs an upstream call and remembers how long it took.
pub async fn timed<T>(call: &'static str, future: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let output = future.await;
    let ms = millis(started.elapsed());
    // Outside an invocation, as at start, there is no line to add it to.
    let _ = INVOCATION.try_with(|invocation| invocation.borrow_mut().calls.push(Call { call, ms }));
    output
}

/// The function of the invocation under way.
fn function() -> Option<&'static str> {
    INVOCATION.try_with(|invocation| invocation.borrow().function).ok()
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}
