//! Logs: one JSON object a line. One line for each request, with the duration of each upstream call and the metrics;
//! one for each retry. Never a token, a code, a cookie, a secret or an e-mail address.

mod json_lines;
mod metrics;

use std::{
    cell::RefCell,
    mem,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

pub(crate) use self::metrics::Measured;
pub use self::metrics::Metric;
use self::{json_lines::JsonLines, metrics::service};
use crate::{domain::time::Timestamp, http::Response};

// Boxed, so that the futures that carry them stay small.
tokio::task_local! {
    static LAMBDA: RefCell<Option<Box<LambdaInvocation>>>;
    static RECORDING: RefCell<Box<Recording>>;
}

/// Whether no request has been handled yet.
static COLD: AtomicBool = AtomicBool::new(true);

/// What Lambda says of an invocation.
#[derive(Debug)]
pub(crate) struct LambdaInvocation {
    /// The Lambda function's name, `NAME-<function>` in a stack of that name.
    pub function_name: String,
    /// The invocation's own id.
    pub request_id: String,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// What was measured before it, and is in no line yet.
    pub before: Measured,
}

/// What is recorded of what is under way.
#[derive(Default)]
struct Recording {
    /// None while the function starts.
    function: Option<&'static str>,
    request_id: Option<String>,
    measured: Measured,
}

/// One upstream call.
#[derive(Debug, Serialize)]
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

/// Runs a function's start; also gives what was measured in it, for the line of the first invocation.
pub(crate) async fn starting<T>(start: impl Future<Output = T>) -> (T, Measured) {
    RECORDING
        .scope(RefCell::default(), async {
            let output = start.await;
            (output, take_measured())
        })
        .await
}

/// Runs what answers one invocation by Lambda: its line has Lambda's ids and the metrics. Elsewhere a line has neither.
pub(crate) async fn in_lambda<T>(invocation: LambdaInvocation, answered: impl Future<Output = T>) -> T {
    LAMBDA.scope(RefCell::new(Some(Box::new(invocation))), answered).await
}

/// Runs one invocation of a function and logs its line.
pub async fn invocation(
    function: &'static str,
    route: &'static str,
    handled: impl Future<Output = Response>,
) -> Response {
    observed(function, handled, |response, Seen { duration_ms, cold, upstream, trace_id, metrics }| {
        let (outcome, status) = (response.outcome, response.status_code);
        tracing::info!(route, outcome, status, duration_ms, cold, upstream, trace_id, metrics, "request");
    })
    .await
}

/// Runs one invocation with a batch of records and logs its line.
pub async fn batch<T>(function: &'static str, records: usize, taken: impl Future<Output = Option<T>>) -> Option<T> {
    observed(function, taken, |failed, Seen { duration_ms, cold, upstream, trace_id, metrics }| {
        let outcome = if failed.is_none() { "ok" } else { "delivered_again" };
        tracing::info!(records, outcome, duration_ms, cold, upstream, trace_id, metrics, "batch");
    })
    .await
}

/// What was seen of an invocation.
struct Seen {
    duration_ms: f64,
    cold: bool,
    upstream: String,
    trace_id: Option<String>,
    metrics: Option<String>,
}

async fn observed<T>(function: &'static str, future: impl Future<Output = T>, log: impl FnOnce(&T, Seen)) -> T {
    let cold = COLD.swap(false, Ordering::Relaxed);
    let started = Instant::now();
    let mut lambda = LAMBDA.try_with(RefCell::take).ok().flatten();
    let mut measured = lambda.as_mut().map(|lambda| mem::take(&mut lambda.before)).unwrap_or_default();
    let earlier = measured.calls.len();
    measured.count(Metric::ColdStarts, cold.into());
    let request_id = lambda.as_ref().map(|lambda| lambda.request_id.clone());
    let recording = RefCell::new(Box::new(Recording { function: Some(function), request_id, measured }));
    RECORDING
        .scope(recording, async {
            let output = future.await;
            let measured = take_measured();
            let upstream = measured.calls.get(earlier..).unwrap_or_default();
            let upstream = serde_json::to_string(upstream).unwrap_or_default();
            let metrics = lambda.as_ref().and_then(|lambda| lambda.metrics(function, &measured));
            let trace_id = lambda.and_then(|lambda| lambda.trace_id);
            log(&output, Seen { duration_ms: millis(started.elapsed()), cold, upstream, trace_id, metrics });
            output
        })
        .await
}

impl LambdaInvocation {
    /// The metrics as a JSON object, if there are any.
    fn metrics(&self, function: &'static str, measured: &Measured) -> Option<String> {
        let members = measured.to_members(service(&self.function_name, function), function, self.began_at);
        serde_json::to_string(&members?).ok()
    }
}

/// Runs an upstream call and remembers how long it took.
pub async fn timed<T>(call: &'static str, future: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let output = future.await;
    let ms = millis(started.elapsed());
    record(|measured| measured.calls.push(Call { call, ms }));
    output
}

/// Counts what happened, for the metrics of the invocation under way.
pub fn count(metric: Metric, n: u64) {
    record(|measured| measured.count(metric, n));
}

fn record(change: impl FnOnce(&mut Measured)) {
    // Outside an invocation and a start there is no line to add it to.
    let _ = RECORDING.try_with(|recording| {
        let _ = recording.try_borrow_mut().map(|mut recording| change(&mut recording.measured));
    });
}

fn take_measured() -> Measured {
    let mut taken = Measured::default();
    record(|measured| taken = mem::take(measured));
    taken
}

/// The function of the invocation under way, and the invocation's id where Lambda gave one.
fn speaker() -> (Option<&'static str>, Option<String>) {
    let speaker = |recording: &RefCell<Box<Recording>>| {
        recording.try_borrow().map(|recording| (recording.function, recording.request_id.clone())).unwrap_or_default()
    };
    RECORDING.try_with(speaker).unwrap_or_default()
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests;
