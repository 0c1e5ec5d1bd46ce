//! What a Lambda function is, and how one event goes through it.

use std::{
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join;
use lambda_runtime::{Context, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    config::{BadVariable, Variables},
    domain::{
        random::{Random, SystemRandomness},
        time::{Clock, SystemClock, Timestamp},
    },
    front::unavailable,
    http::{
        Request, Response,
        problem::{Kind, Problem},
        route::{Route, matching},
    },
    memory, retry,
    telemetry::{self, LambdaInvocation, Measured, Metric, count},
};

/// API Gateway waits 30 seconds for an HTTP API's function; an answer after that reaches nobody.
const LONGEST: Duration = Duration::from_secs(29);
/// What is kept of the time for writing the answer.
const RESERVE: Duration = Duration::from_millis(500);
/// How long an answer may wait for what runs beside the request.
const UPKEEP: Duration = Duration::from_millis(300);

/// One Lambda function: its name everywhere, its routes, and its answer to a request.
#[async_trait]
pub trait Function: Send + Sync {
    /// The function's name: of its folder, package, binary, infrastructure resource and log field.
    fn name(&self) -> &'static str;

    /// The routes that it answers.
    fn routes(&self) -> &'static [Route];

    /// Answers a request for one of the routes. Whatever goes wrong, the answer says so: there is no other way to
    /// fail.
    async fn handle(&self, route: &'static Route, request: &Request, deadline: Deadline) -> Response;

    /// What runs beside a request, such as reading a secret again before it is too old.
    async fn upkeep(&self) {}
}

/// When the invocation has to have its answer.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(tokio::time::Instant);

impl Deadline {
    /// The deadline that is so far away.
    pub fn after(duration: Duration) -> Self {
        Self(tokio::time::Instant::now() + duration)
    }

    /// The deadline that is so much earlier, for what others come after; now, if that is past.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self::after(self.remaining().saturating_sub(duration))
    }

    /// The time left.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(tokio::time::Instant::now())
    }

    /// What the future comes to, unless the deadline comes first.
    pub async fn bound<T>(self, future: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.0, future).await.ok()
    }
}

/// Takes one API Gateway event through a function: reads it, finds its route, has it handled, logs one line.
pub async fn invoke(function: &dyn Function, event: &str, deadline: Deadline) -> Response {
    let request = Request::from_event(event);
    let route = request.as_ref().ok().and_then(|request| matching(function.routes(), &request.method, &request.path));
    let handled = async {
        let response = match (&request, route) {
            (Ok(request), Some(route)) if route.is_for_backends && !request.signed_with_iam => {
                Problem::from(Kind::Forbidden).to_response()
            }
            (Ok(request), Some(route)) => {
                let upkeep = tokio::time::timeout(UPKEEP, function.upkeep());
                let handled = join(retry::budgeted(function.handle(route, request, deadline)), upkeep);
                // Whoever minds the deadline has answered by then; this is for what hangs all the same.
                let last = Deadline(deadline.0 + RESERVE / 2);
                last.bound(handled).await.map_or_else(|| unavailable().to_response(), |(response, _)| response)
            }
            (Ok(_), None) => Problem::from(Kind::NotFound).to_response(),
            (Err(error), _) => Problem::invalid_request(format!("{error}.")).to_response(),
        };
        if response.outcome == Kind::Misconfigured.row().code {
            count(Metric::Misconfigured, 1);
        }
        response
    };
    telemetry::invocation(function.name(), route.map_or("none", |route| route.pattern), handled).await
}

/// Runs a function in AWS Lambda: configures the logs, connects it, and answers events until the environment ends.
/// A function that cannot be connected ends with one line that says why.
pub async fn run<F, C>(connect: impl FnOnce(Environment) -> C) -> ExitCode
where
    F: Function + 'static,
    C: Future<Output = Result<F, BadVariable>>,
{
    run_with(connect, async |function: &F, event: &str, deadline| invoke(function, event, deadline).await).await
}

/// Connects a function and answers Lambda's events with it, until the environment ends.
pub(crate) async fn run_with<F, C, A>(
    connect: impl FnOnce(Environment) -> C,
    answer: impl AsyncFn(&F, &str, Deadline) -> A,
) -> ExitCode
where
    C: Future<Output = Result<F, BadVariable>>,
    A: Serialize,
{
    telemetry::init(std::env::var("RUST_LOG").ok().as_deref());
    let start = async { connect(Environment::of_process()?).await };
    // It is large, and done long before the environment ends.
    let (connected, before) = Box::pin(telemetry::starting(start)).await;
    let function = match connected {
        Ok(function) => function,
        Err(error) => {
            tracing::error!(%error, "the function cannot start");
            return ExitCode::FAILURE;
        }
    };
    let (function, answer, before) = (&function, &answer, &Mutex::new(before));
    let handle = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let (event, context) = event.into_parts();
        let now = SystemClock.now();
        let deadline = deadline(context.deadline, now.unix_millis());
        let before = std::mem::take(&mut *before.lock().unwrap_or_else(PoisonError::into_inner));
        let answered = answer(function, event.get(), deadline);
        let answered = telemetry::in_lambda(told(context, now, before), answered).await;
        memory::wipe_stack();
        Ok::<_, std::convert::Infallible>(answered)
    });
    match lambda_runtime::run(handle).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}

/// What Lambda tells of an invocation, for its line.
fn told(context: Context, began_at: Timestamp, before: Measured) -> LambdaInvocation {
    let trace_id = context.xray_trace_id.as_deref().and_then(trace_id).map(str::to_owned);
    let (function_name, request_id) = (context.env_config.function_name.clone(), context.request_id);
    LambdaInvocation { function_name, request_id, trace_id, began_at, before }
}

/// The trace in a [tracing header](https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader),
/// if that is as it should be.
fn trace_id(header: &str) -> Option<&str> {
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    let is_plain = root.len() == 35 && root.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_plain.then_some(root)
}

/// The deadline of an invocation, a little before Lambda's own and API Gateway's. Both are in milliseconds since the
/// Unix epoch. One that is past as the invocation begins is not a time at all, as `cargo lambda` sends it.
fn deadline(lambda: u64, now: i64) -> Deadline {
    let left = u64::try_from(now).ok().and_then(|now| lambda.checked_sub(now));
    Deadline::after(left.map_or(LONGEST, Duration::from_millis).min(LONGEST).saturating_sub(RESERVE))
}

/// Looks up a variable by its name.
pub type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a function is connected with.
pub struct Environment {
    /// Where variables are looked up.
    pub lookup: Lookup,
    /// The AWS SDK's configuration.
    pub aws: aws_types::SdkConfig,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl Environment {
    /// The environment of this process.
    fn of_process() -> Result<Self, BadVariable> {
        let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Ok(Self {
            lookup: Box::new(get),
            aws: crate::aws::clients::load(get)?,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandomness::default()),
        })
    }

    /// The variables.
    pub fn variables(&self) -> Variables<'_> {
        Variables::new(&self.lookup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_is_the_root_of_lambdas_header() {
        let id = "1-5759e988-bd862e3fe1be46a994272793";
        for (header, expected) in [
            (format!("Root={id}"), Some(id)),
            (format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:2b0a7d2a:0"), Some(id)),
            (format!("Self=1-67891234-12456789abcdef012345678; Root={id}"), Some(id)),
            ("Sampled=0".to_owned(), None),
            ("Root=".to_owned(), None),
            (format!("Root={id}{id}"), None),
            (format!("Root={}", "\"".repeat(35)), None),
            (String::new(), None),
        ] {
            assert_eq!(trace_id(&header), expected, "{header}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_before_lambdas_and_api_gateways_and_one_in_the_past_is_none() {
        for (lambda, millis) in [(10_000, 500), (13_000, 2_500), (100_000, 28_500), (10_400, 0), (600, 28_500)] {
            let left = deadline(lambda, if lambda == 10_000 { 9_000 } else { 10_000 }).remaining();
            assert_eq!(left, Duration::from_millis(millis), "{lambda}");
        }
    }
}
