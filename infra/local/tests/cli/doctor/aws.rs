//! A DynamoDB of the tests' own, which describes whatever table it is given.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use local::stack::Stack;
use serde_json::{Value, json};

/// The answers by the calls' names, such as `DescribeTable`.
#[derive(Clone)]
pub(super) struct DescribedTable(Arc<Mutex<Value>>);

impl DescribedTable {
    /// A table that is in every way as the functions need it, and the SDK's configuration to reach it.
    pub(super) async fn start(stack: &Stack) -> (Self, SdkConfig) {
        let table = Self(Arc::new(Mutex::new(good())));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(table.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "tests")))
            .endpoint_url(endpoint)
            .http_client(stack.aws().sdk_config().http_client().unwrap())
            .region(Region::from_static("eu-central-1"))
            .build();
        (table, config)
    }

    /// Changes one part of an answer, such as `/DescribeTable/Table/TableStatus`.
    pub(super) fn change(&self, pointer: &str, value: Value) {
        *self.0.lock().unwrap().pointer_mut(pointer).unwrap() = value;
    }
}

fn good() -> Value {
    json!({
        "DescribeTable": {"Table": {
            "TableName": "connections",
            "TableStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "status", "AttributeType": "S"},
                {"AttributeName": "user_id", "AttributeType": "S"},
            ],
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            "GlobalSecondaryIndexes": [{
                "IndexName": "users-by-status",
                "IndexStatus": "ACTIVE",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "user_id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["email", "connected_at"]},
            }],
            "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS"},
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        }},
        "DescribeTimeToLive": {
            "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"},
        },
        "DescribeContinuousBackups": {"ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
        }},
    })
}

async fn answer(State(table): State<DescribedTable>, headers: HeaderMap) -> Response {
    let call = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
    let answer = table.0.lock().unwrap()[&call].clone();
    let status = if answer.get("__type").is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    (status, answer.to_string()).into_response()
}
