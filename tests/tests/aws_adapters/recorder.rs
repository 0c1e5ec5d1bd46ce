//! An embedded AWS with someone at the door who writes down every call.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::{Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use local::aws::{EmbeddedAws, Options};
use reqwest::Client;
use serde_json::Value;
use shared::{
    aws::{
        connections::DynamoDbConnections, data_keys::KmsDataKeys, secret_store::SecretsManager,
        seen_events::DynamoDbSeenEvents,
    },
    domain::{
        connection::{Connection, SealedAccessToken, SealedTokens, Status, TokenIndex},
        random::SystemRandomness,
        time::{SystemClock, Timestamp},
        user_id::UserId,
    },
};
use tokio::net::TcpListener;

pub(super) const TABLE: &str = "connections";

/// How long one try of a call may take here.
const TIMEOUT: Duration = Duration::from_millis(400);

/// The tries of one call, as in production.
pub(super) const TRIES: u64 = 3;

#[derive(Clone)]
pub(super) struct Aws {
    pub(super) embedded: EmbeddedAws,
    pub(super) key: String,
    endpoint: String,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    http: Client,
}

impl Aws {
    pub(super) async fn start() -> Self {
        let http = shared::google::http::client().unwrap();
        let (inner, door) =
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let random = Arc::new(SystemRandomness::default());
        let (embedded, _) =
            EmbeddedAws::start(inner, Options { file: None, clock: Arc::new(SystemClock), random }).unwrap();
        embedded.create_table(TABLE).unwrap();
        let key = embedded.kms().create_key().unwrap();
        let endpoint = format!("http://{}", door.local_addr().unwrap());
        let aws = Self { embedded, key, endpoint, calls: Arc::default(), http };
        tokio::spawn(axum::serve(door, Router::new().fallback(pass).with_state(aws.clone())).into_future());
        aws
    }

    /// Tries as in production, with time-outs that a test can wait for. How often a process may try again is counted by
    /// region and service, so the region is one of its own.
    pub(super) fn config(&self) -> SdkConfig {
        let quick = Duration::from_millis(5);
        let retries = RetryConfig::standard()
            .with_max_attempts(u32::try_from(TRIES).unwrap())
            .with_initial_backoff(quick)
            .with_max_backoff(quick);
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TIMEOUT).build();
        let config = self.embedded.sdk_config().to_builder().endpoint_url(&self.endpoint);
        let region = Region::new(format!("local-{}", self.endpoint.rsplit(':').next().unwrap()));
        config.region(region).retry_config(retries).timeout_config(timeouts).build()
    }

    pub(super) fn connections(&self) -> DynamoDbConnections {
        DynamoDbConnections::new(&self.config(), TABLE.to_owned())
    }

    pub(super) fn seen_events(&self) -> DynamoDbSeenEvents {
        self.seen_events_in(TABLE)
    }

    pub(super) fn seen_events_in(&self, table: &str) -> DynamoDbSeenEvents {
        DynamoDbSeenEvents::new(&self.config(), table.to_owned())
    }

    pub(super) fn data_keys(&self) -> KmsDataKeys {
        KmsDataKeys::new(&self.config(), self.key.clone())
    }

    pub(super) fn secrets(&self) -> SecretsManager {
        SecretsManager::new(&self.config())
    }

    /// The calls since this was asked last: operation and request.
    pub(super) fn take_calls(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// The one call since this was asked last.
    #[track_caller]
    pub(super) fn take_call(&self) -> (String, Value) {
        let calls = self.take_calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.into_iter().next().unwrap()
    }
}

/// Writes a call down and passes it on; a connection that breaks inside breaks here too.
async fn pass(State(aws): State<Aws>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.split_once('.').unwrap().1.to_owned();
    aws.calls.lock().unwrap().push((operation, serde_json::from_slice(&body).unwrap()));
    let call = aws.http.post(aws.embedded.endpoint()).header("x-amz-target", target).body(body);
    let call = call.header("authorization", &headers["authorization"]);
    let Ok(answer) = call.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, kind) = (answer.status(), answer.headers()["content-type"].clone());
    (status, [("content-type", kind)], answer.bytes().await.unwrap_or_default()).into_response()
}

pub(super) fn user() -> UserId {
    UserId::parse("118234567890123456789").unwrap()
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_795_318_652 + second)
}

/// A connection of [`user`], of that generation.
pub(super) fn connection(generation: u64) -> Connection {
    Connection {
        user_id: user(),
        email: Some("a@example.com".to_owned()),
        client_id: "app".to_owned(),
        scopes: ["openid".to_owned(), "email".to_owned()].into(),
        status: Status::Active,
        tokens: SealedTokens {
            data_key: vec![1, 2],
            refresh_token: vec![3, 4],
            access_token: Some(SealedAccessToken { sealed: vec![5, 6], expires_at: at(3600) }),
        },
        refresh_token_expires_at: None,
        connected_at: at(0),
        updated_at: at(0),
        used_at: at(0),
        token_index: TokenIndex::default(),
        mints: vec![at(0)],
        generation,
        sessions_valid_after: at(0),
        lease: None,
    }
}
