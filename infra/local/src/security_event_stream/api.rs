//! The stream configuration API
//! ([how to register](https://developers.google.com/identity/protocols/risc#register_your_security_event_endpoint)).

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{Client, Method, Response, StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::{
    domain::{origin::Origin, time::Clock},
    google::http::{object, read_body},
};
use url::Url;

use super::{
    error::{Refusal, StreamError},
    registration::{Configuration, EVENT_TYPES, PUSH, Registration, Status},
    service_account_key::ServiceAccountKey,
};

/// Where Google has it.
pub const GOOGLE: &str = "https://risc.googleapis.com";

/// The most bytes of an answer.
const MAX_BODY: usize = 256 * 1024;
/// How long one call may take, unless it is said otherwise.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The stream of security events of a service account's project.
pub struct SecurityEventStream {
    http: Client,
    base: Origin,
    key: ServiceAccountKey,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl fmt::Debug for SecurityEventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecurityEventStream({}, {:?})", self.base, self.key)
    }
}

impl SecurityEventStream {
    /// The stream that this key may configure, by the API at this address.
    pub fn new(http: Client, base: Origin, key: ServiceAccountKey, clock: Arc<dyn Clock>) -> Self {
        Self { http, base, key, clock, timeout: TIMEOUT }
    }

    /// The same stream, with this time for each call.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The service account's address.
    pub fn service_account(&self) -> &str {
        self.key.email()
    }

    /// What Google has on record.
    ///
    /// # Errors
    /// If nothing is registered, or Google refuses or cannot be reached.
    pub async fn registration(&self) -> Result<Registration, StreamError> {
        let configuration: Configuration = self.read("/v1beta/stream").await?;
        let status: StatusBody = self.read("/v1beta/stream/status").await?;
        Ok(Registration::new(&configuration, Status::parse(&status.status)))
    }

    /// Lets Google send every type of event to an endpoint.
    ///
    /// # Errors
    /// If Google refuses or cannot be reached.
    pub async fn register(&self, endpoint: &Url) -> Result<(), StreamError> {
        let delivery = json!({"delivery_method": PUSH, "url": endpoint.as_str()});
        self.write("/v1beta/stream:update", &json!({"delivery": delivery, "events_requested": EVENT_TYPES})).await
    }

    /// Lets Google send events, or not.
    ///
    /// # Errors
    /// If Google refuses or cannot be reached.
    pub async fn set_status(&self, status: &Status) -> Result<(), StreamError> {
        self.write("/v1beta/stream/status:update", &json!({"status": status.to_string()})).await
    }

    /// Asks for a verification event with that state, which comes to the endpoint within seconds.
    ///
    /// # Errors
    /// If Google refuses or cannot be reached.
    pub async fn verify(&self, state: &str) -> Result<(), StreamError> {
        self.write("/v1beta/stream:verify", &json!({"state": state})).await
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, StreamError> {
        let (status, body) = self.call(Method::GET, path, None).await?;
        object(&body).ok_or(StreamError::Strange(status.as_u16()))
    }

    async fn write(&self, path: &str, body: &Value) -> Result<(), StreamError> {
        self.call(Method::POST, path, Some(body.to_string())).await.map(drop)
    }

    async fn call(&self, method: Method, path: &str, body: Option<String>) -> Result<(StatusCode, Bytes), StreamError> {
        let token = self.key.token(self.clock.now()).ok_or(StreamError::Signature)?;
        let mut request = self.http.request(method, format!("{}{path}", self.base)).timeout(self.timeout);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.bearer_auth(&*token).send().await.map_err(|error| self.no_answer(&error))?;
        self.outcome(response).await
    }

    fn no_answer(&self, error: &reqwest::Error) -> StreamError {
        let base = self.base.to_string();
        if error.is_connect() { StreamError::Unreachable(base) } else { StreamError::NoAnswer(base) }
    }

    async fn outcome(&self, response: Response) -> Result<(StatusCode, Bytes), StreamError> {
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(StreamError::Failing(status.as_u16()));
        }
        let body = read_body(response, MAX_BODY).await.map_err(|_| StreamError::NoAnswer(self.base.to_string()))?;
        if status.is_success() { Ok((status, body)) } else { Err(refused(status.as_u16(), &body)) }
    }
}

/// Google's errors ([error model](https://cloud.google.com/apis/design/errors#error_model)).
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorObject,
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<Value>,
}

#[derive(Deserialize)]
struct StatusBody {
    status: String,
}

fn refused(status: u16, body: &[u8]) -> StreamError {
    let Some(ErrorBody { error }) = object(body) else { return StreamError::Strange(status) };
    let reason = error.details.iter().find_map(|detail| detail.get("reason")?.as_str()).unwrap_or_default();
    StreamError::Refused(Refusal::new(status, &error.message, reason))
}
