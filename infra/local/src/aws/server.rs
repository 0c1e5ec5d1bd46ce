//! The one port of the embedded AWS: reads calls in AWS's JSON protocols, and answers them or does what a fault says.

use std::future::pending;

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;
use tokio::net::TcpListener;

use super::{
    AwsError, Effect, EmbeddedAws,
    connection::{Cut, CuttableListener},
    identifiers::uuid,
};

/// The services by the names in `x-amz-target`, by which each call is told from the others.
const SERVICES: [(&str, Service); 3] = [
    ("DynamoDB_20120810", Service::DynamoDb),
    ("secretsmanager", Service::SecretsManager),
    ("TrentService", Service::Kms),
];

#[derive(Clone, Copy)]
enum Service {
    DynamoDb,
    SecretsManager,
    Kms,
}

impl Service {
    /// The name in counts and faults.
    fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::SecretsManager => "SecretsManager",
            Self::Kms => "KMS",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::DynamoDb => "application/x-amz-json-1.0",
            Self::SecretsManager | Self::Kms => "application/x-amz-json-1.1",
        }
    }

    fn throttled(self) -> AwsError {
        match self {
            Self::DynamoDb => AwsError::new(
                "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.",
            ),
            Self::SecretsManager => AwsError::secrets_manager("ThrottlingException", "Rate exceeded"),
            Self::Kms => AwsError::new("ThrottlingException", "Rate exceeded"),
        }
    }
}

/// Serves until the task ends.
pub(super) async fn serve(aws: EmbeddedAws, listener: TcpListener) {
    let router = Router::new().route("/", post(call)).with_state(aws);
    let service = router.into_make_service_with_connect_info::<Cut>();
    // axum's server ends with its task only: it tries again where accepting fails.
    let _ = axum::serve(CuttableListener(listener), service).await;
}

async fn call(
    State(aws): State<EmbeddedAws>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = target.split_once('.').and_then(|(prefix, operation)| {
        SERVICES.iter().find(|(name, _)| *name == prefix).map(|(_, service)| (*service, operation))
    });
    let Some((service, operation)) = known else {
        return answer(&aws, Service::DynamoDb, Err(AwsError::new("UnknownOperationException", "")));
    };
    let effect = aws.faults().enter(&format!("{}.{operation}", service.name())).await;
    let outcome = match effect {
        Some(Effect::Hang) => pending().await,
        Some(Effect::Status(status)) => {
            Err(AwsError { status, ..AwsError::internal("We encountered an internal error.") })
        }
        Some(Effect::Throttle) => Err(service.throttled()),
        Some(Effect::Error { code }) => Err(AwsError::new(&code, "This fault was asked for.")),
        Some(Effect::Disconnect) => {
            cut.cut();
            Err(AwsError::internal("The connection is cut."))
        }
        Some(Effect::LoseAnswer) => {
            cut.cut();
            execute(&aws, service, operation, &body)
        }
        Some(Effect::Delay(time)) => {
            tokio::time::sleep(time).await;
            execute(&aws, service, operation, &body)
        }
        None => execute(&aws, service, operation, &body),
    };
    answer(&aws, service, outcome)
}

fn execute(aws: &EmbeddedAws, service: Service, operation: &str, body: &[u8]) -> Result<Value, AwsError> {
    let request: Value = serde_json::from_slice(body)?;
    match service {
        Service::DynamoDb => super::dynamodb::call(aws.database(), operation, &request),
        Service::SecretsManager => aws.secrets().call(operation, &request),
        Service::Kms => aws.kms().call(operation, &request),
    }
}

fn answer(aws: &EmbeddedAws, service: Service, outcome: Result<Value, AwsError>) -> Response {
    let (status, body) = match outcome {
        Ok(value) => (200, value.to_string()),
        Err(error) => (error.status, error.body),
    };
    let request_id = uuid(aws.random()).unwrap_or_default();
    let headers = [(header::CONTENT_TYPE.as_str(), service.content_type()), ("x-amzn-requestid", &request_id)];
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), headers, body).into_response()
}
