//! The runtime API itself, for one process on one port of the loopback.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use serde_json::{Value, json};
use shared::domain::time::{Clock, SystemClock};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::InvocationError;

/// [The most that Lambda passes on](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), in bytes.
const RESPONSE_LIMIT: usize = 6_291_556;

type Answer = Result<Value, InvocationError>;

/// An event that waits for the function.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) event: String,
    pub(super) time_limit: Duration,
    /// Told when the function takes the event.
    pub(super) taken: oneshot::Sender<()>,
    /// Told what came of it, and how long after the event was handed over that arrived.
    pub(super) answer: oneshot::Sender<(Answer, Duration)>,
}

/// An event that the function has, and no answer to it yet.
#[derive(Debug)]
struct UnderWay {
    id: String,
    handed_over: Instant,
    answer: oneshot::Sender<(Answer, Duration)>,
}

/// The function's questions for work.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Questions {
    pub(super) count: u64,
    /// When the first one came.
    pub(super) first: Option<Instant>,
}

/// What the runtime API knows of its function.
#[derive(Debug)]
pub(super) struct Api {
    function_arn: String,
    queue: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    last_id: AtomicU64,
    under_way: Mutex<Option<UnderWay>>,
    questions: watch::Sender<Questions>,
    init_error: Mutex<Option<Value>>,
}

impl Api {
    pub(super) fn new(function: &str, queue: mpsc::Receiver<Invocation>) -> Self {
        Self {
            function_arn: format!("arn:aws:lambda:eu-central-1:123456789012:function:{function}"),
            queue: tokio::sync::Mutex::new(queue),
            last_id: AtomicU64::new(0),
            under_way: Mutex::default(),
            questions: watch::Sender::default(),
            init_error: Mutex::default(),
        }
    }

    pub(super) fn init_error(&self) -> Option<Value> {
        self.init_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn questions(&self) -> watch::Receiver<Questions> {
        self.questions.subscribe()
    }

    fn asked(&self) {
        let now = Instant::now();
        self.questions.send_modify(|questions| {
            questions.count += 1;
            questions.first.get_or_insert(now);
        });
    }

    /// The next event that somebody still waits for.
    async fn next(&self) -> Option<Invocation> {
        let mut queue = self.queue.lock().await;
        while let Some(invocation) = queue.recv().await {
            if !invocation.answer.is_closed() {
                return Some(invocation);
            }
        }
        None
    }

    /// Takes an answer that arrived at that time.
    fn answer(&self, id: &str, arrived: Instant, answer: Answer) -> Response {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        match under_way.take_if(|under_way| under_way.id == id) {
            Some(under_way) => {
                // Past its deadline nobody waits any more.
                let _ = under_way.answer.send((answer, arrived - under_way.handed_over));
                accepted()
            }
            None => (StatusCode::BAD_REQUEST, Json(json!({ "errorType": "InvalidRequestID" }))).into_response(),
        }
    }
}

/// Listens on a free port; the server lives until its task is aborted.
pub(super) async fn start(api: Arc<Api>) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let routes = Router::new()
        .route("/init/error", post(init_error))
        .route("/invocation/next", get(next))
        .route("/invocation/{id}/response", post(response))
        .route("/invocation/{id}/error", post(error))
        .layer(DefaultBodyLimit::max(RESPONSE_LIMIT))
        .with_state(api);
    let all = Router::new().nest("/2018-06-01/runtime", routes);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    // Small answers go out at once; a connection that cannot do so is only slower.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = tokio::spawn(async move {
        // It ends only when it is aborted.
        let _ = axum::serve(listener, all).await;
    });
    Ok((address, server))
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    api.asked();
    let Some(Invocation { event, time_limit, taken, answer }) = api.next().await else {
        return StatusCode::GONE.into_response();
    };
    let id = format!("00000000-0000-4000-8000-{:012x}", api.last_id.fetch_add(1, Ordering::Relaxed));
    let deadline = SystemClock.now().after(time_limit).unix_millis();
    let under_way = UnderWay { id: id.clone(), handed_over: Instant::now(), answer };
    *api.under_way.lock().unwrap_or_else(PoisonError::into_inner) = Some(under_way);
    // Nobody may wait any more; then the answer will be dropped.
    let _ = taken.send(());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", api.function_arn.clone()),
        ("lambda-runtime-trace-id", "Root=1-6921308c-0123456789abcdef01234567;Sampled=0".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let arrived = Instant::now();
    let Ok(body) = body else {
        let _ = api.answer(&id, arrived, Err(InvocationError::TooLarge));
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let answer = serde_json::from_slice(&body);
    api.answer(&id, arrived, answer.map_err(|_| InvocationError::NotJson(String::from_utf8_lossy(&body).into_owned())))
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> Response {
    api.answer(&id, Instant::now(), Err(InvocationError::Function(error_value(&body))))
}

async fn init_error(State(api): State<Arc<Api>>, body: Bytes) -> Response {
    *api.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error_value(&body));
    accepted()
}

fn error_value(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}
