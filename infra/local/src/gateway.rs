//! An HTTP server that stands before the functions as an API Gateway HTTP API does: routes, authorizer, events, limits.
//!
//! The limits are those of
//! [HTTP API quotas](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).

mod event;
mod routes;
mod signature;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use shared::{
    domain::{
        random::{self, Random},
        time::Clock,
    },
    function::{Deadline, Function, invoke},
    http::Response as Answer,
};
use tokio::net::TcpListener;

use self::event::Call;
pub use self::routes::{Authorizer, ROUTES, Route};

/// The most bytes of a request's line and headers together.
const HEAD_LIMIT: usize = 10_240;
/// The most bytes of a request's body.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// The most bytes of a function's answer, as JSON.
const ANSWER_LIMIT: usize = 6 * 1024 * 1024;

/// What the gateway is made of.
pub struct Options {
    /// The functions, found by their names.
    pub functions: Vec<Arc<dyn Function>>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of requests.
    pub random: Arc<dyn Random>,
    /// How long a function may take before it is to answer.
    pub deadline: Duration,
    /// How long the gateway waits for a function.
    pub time_out: Duration,
}

impl Options {
    /// These functions with the time limits of the deployed ones: 29 s for a function, 30 s for the gateway.
    pub fn new(functions: Vec<Arc<dyn Function>>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { functions, clock, random, deadline: Duration::from_secs(29), time_out: Duration::from_secs(30) }
    }
}

/// The gateway; clones are the same one.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    functions: BTreeMap<&'static str, Arc<dyn Function>>,
    options: Options,
}

/// Why the gateway answers by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Refusal {
    Forbidden,
    NotFound,
    BodyTooLarge,
    HeadTooLarge,
    InternalServerError,
    ServiceUnavailable,
}

impl Gateway {
    /// The gateway before these functions.
    pub fn new(options: Options) -> Self {
        let functions = options.functions.iter().map(|function| (function.name(), function.clone())).collect();
        Self(Arc::new(Inner { functions, options }))
    }

    /// The gateway as an axum router that answers every path; needs `ConnectInfo<SocketAddr>` for the caller's address.
    pub fn router(&self) -> Router {
        Router::new().fallback(handle).with_state(self.clone())
    }

    /// Serves a router made of this gateway's until the task ends.
    pub async fn serve(listener: TcpListener, router: Router) {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        // axum's server ends with its task only: it tries again where accepting fails.
        let _ = axum::serve(listener, service).await;
    }

    /// Takes a request through the gateway, as if it had come over the network from that address.
    pub async fn answer(&self, request: Request, source: IpAddr) -> Response {
        let id = STANDARD.encode(random::bytes::<11>(&*self.0.options.random).unwrap_or_default());
        let mut response = match self.try_answer(request, source, &id).await {
            Ok(answer) => to_http(answer).unwrap_or_else(|| Refusal::InternalServerError.into_response()),
            Err(refusal) => refusal.into_response(),
        };
        if let Ok(id) = id.parse() {
            response.headers_mut().insert("apigw-requestid", id);
        }
        response
    }

    async fn try_answer(&self, request: Request, source: IpAddr, id: &str) -> Result<Answer, Refusal> {
        let (mut head, body) = request.into_parts();
        name_host(&mut head);
        if head_length(&head) > HEAD_LIMIT {
            return Err(Refusal::HeadTooLarge);
        }
        let (route, path_parameters) = find(&head).ok_or(Refusal::NotFound)?;
        let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| Refusal::BodyTooLarge)?;
        let at = self.0.options.clock.now();
        let iam = match route.authorizer {
            Authorizer::None => None,
            Authorizer::AwsIam => Some(signature::verify(&head, &body, at).ok_or(Refusal::Forbidden)?),
        };
        let function = self.0.functions.get(route.function).ok_or(Refusal::InternalServerError)?;
        let call = Call {
            method: &head.method,
            uri: &head.uri,
            version: head.version,
            headers: &head.headers,
            body: &body,
            source,
            route_key: route.key(),
            path_parameters,
            iam,
            request_id: id,
            at,
        };
        self.invoke(function.clone(), call.event()).await
    }

    /// Invokes a function in a task of its own: a caller that goes away does not end it, as it does not at AWS.
    async fn invoke(&self, function: Arc<dyn Function>, event: Value) -> Result<Answer, Refusal> {
        let deadline = Deadline::after(self.0.options.deadline);
        let invocation = tokio::spawn(async move { invoke(&*function, &event.to_string(), deadline).await });
        let outcome = tokio::time::timeout(self.0.options.time_out, invocation).await;
        let answer = outcome.map_err(|_| Refusal::ServiceUnavailable)?.map_err(|_| Refusal::InternalServerError)?;
        let length = serde_json::to_vec(&answer).map_or(usize::MAX, |json| json.len());
        if length > ANSWER_LIMIT { Err(Refusal::InternalServerError) } else { Ok(answer) }
    }
}

async fn handle(
    State(gateway): State<Gateway>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    gateway.answer(request, source.ip()).await
}

/// Names the host in a header also where HTTP/2 names it in the request's target.
fn name_host(head: &mut Parts) {
    let authority = head.uri.authority().and_then(|authority| authority.as_str().parse().ok());
    if let (Some(host), false) = (authority, head.headers.contains_key(header::HOST)) {
        head.headers.insert(header::HOST, host);
    }
}

fn find(head: &Parts) -> Option<(&'static Route, BTreeMap<&'static str, String>)> {
    let (method, path) = (head.method.as_str(), head.uri.path());
    ROUTES.iter().find_map(|route| Some((route, route.matches(method, path)?)))
}

/// The bytes of the request's line and headers as HTTP/1.1 writes them.
fn head_length(head: &Parts) -> usize {
    let target = head.uri.path_and_query().map_or(1, |target| target.as_str().len());
    let line = head.method.as_str().len() + target + " HTTP/1.1\r\n".len() + 1;
    let header = |(name, value): (&header::HeaderName, &header::HeaderValue)| name.as_str().len() + value.len() + 4;
    line + head.headers.iter().map(header).sum::<usize>()
}

/// A function's answer as HTTP; none if it holds what HTTP cannot carry.
fn to_http(answer: Answer) -> Option<Response> {
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        headers.insert(header::HeaderName::from_bytes(name.as_bytes()).ok()?, value.parse().ok()?);
    }
    for cookie in &answer.cookies {
        headers.append(header::SET_COOKIE, cookie.parse().ok()?);
    }
    let status = StatusCode::from_u16(answer.status_code).ok()?;
    Some((status, headers, Body::from(answer.body)).into_response())
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::HeadTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large"),
            Self::InternalServerError => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::ServiceUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        };
        (status, [(header::CONTENT_TYPE, "application/json")], json!({"message": message}).to_string()).into_response()
    }
}
