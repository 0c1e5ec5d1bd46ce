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
    AwsError, Effect, EmbeddedAws, FailedEntries, When,
    connection::{Cut, CuttableListener},
    faults::Course,
    identifiers::uuid,
    roles::{Caller, Need, Refusal},
    streams,
};
use crate::delay::delay;

/// The services by the names in `x-amz-target`, by which each call is told from the others.
const SERVICES: [(&str, Service); 5] = [
    ("DynamoDB_20120810", Service::DynamoDb),
    ("DynamoDBStreams_20120810", Service::DynamoDbStreams),
    ("AWSEvents", Service::EventBridge),
    ("secretsmanager", Service::SecretsManager),
    ("TrentService", Service::Kms),
];

/// A service of AWS.
#[derive(Clone, Copy)]
pub(super) enum Service {
    DynamoDb,
    DynamoDbStreams,
    EventBridge,
    SecretsManager,
    Kms,
}

/// One call of an operation.
struct Call {
    caller: Caller,
    service: Service,
    operation: String,
    body: Bytes,
}

impl Service {
    /// The name in counts and faults.
    fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::DynamoDbStreams => "DynamoDBStreams",
            Self::EventBridge => "EventBridge",
            Self::SecretsManager => "SecretsManager",
            Self::Kms => "KMS",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::DynamoDb | Self::DynamoDbStreams => "application/x-amz-json-1.0",
            Self::EventBridge | Self::SecretsManager | Self::Kms => "application/x-amz-json-1.1",
        }
    }

    fn throttled(self) -> AwsError {
        match self {
            Self::DynamoDb | Self::DynamoDbStreams => AwsError::new(
                "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.",
            ),
            Self::SecretsManager => AwsError::secrets_manager("ThrottlingException", "Rate exceeded"),
            Self::EventBridge | Self::Kms => AwsError::new("ThrottlingException", "Rate exceeded"),
        }
    }

    /// What a caller is told whose role does not allow it.
    pub(super) fn denied(self, refusal: &Refusal) -> AwsError {
        let namespace = match self {
            Self::DynamoDb | Self::DynamoDbStreams => "com.amazon.coral.service#",
            Self::EventBridge | Self::SecretsManager | Self::Kms => "",
        };
        AwsError::denied(namespace, &refusal.to_string())
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
    let Some((service, operation)) = addressed(target) else {
        return answer(&aws, Service::DynamoDb, Err(AwsError::new("UnknownOperationException", "")));
    };
    let call = match Caller::of_request(&headers) {
        Ok(caller) => Call { caller, service, operation: operation.to_owned(), body },
        Err(error) => return answer(&aws, service, Err(error)),
    };
    let outcome = match aws.faults().enter(&call.name()).await {
        Course::Answered(None) => call.execute(&aws, None),
        Course::Answered(Some(effect)) => call.suffer(&aws, effect, &cut).await,
        Course::Crash(point) => {
            if point.when == When::After {
                // Nobody will see the outcome.
                let _ = call.execute(&aws, None);
            }
            point.reach();
            pending().await
        }
    };
    answer(&aws, call.service, outcome)
}

/// The service and the operation of a target such as `TrentService.Decrypt`.
fn addressed(target: &str) -> Option<(Service, &str)> {
    let (prefix, operation) = target.split_once('.')?;
    let (_, service) = SERVICES.iter().find(|(name, _)| *name == prefix)?;
    Some((*service, operation))
}

impl Call {
    /// The name in counts and faults.
    fn name(&self) -> String {
        format!("{}.{}", self.service.name(), self.operation)
    }

    /// The outcome under a fault.
    async fn suffer(&self, aws: &EmbeddedAws, effect: Effect, cut: &Cut) -> Result<Value, AwsError> {
        match effect {
            Effect::Hang => pending().await,
            Effect::Status(status) => {
                Err(AwsError { status, ..AwsError::internal("We encountered an internal error.") })
            }
            Effect::Throttle => Err(self.service.throttled()),
            Effect::Error { code } => Err(AwsError::new(&code, "This fault was asked for.")),
            Effect::Disconnect => {
                cut.cut();
                Err(AwsError::internal("The connection is cut."))
            }
            Effect::LoseAnswer => {
                cut.cut();
                self.execute(aws, None)
            }
            Effect::Delay(time) => {
                delay(time).await;
                self.execute(aws, None)
            }
            Effect::FailEntries(failed) => self.execute(aws, Some(&failed)),
        }
    }

    fn execute(&self, aws: &EmbeddedAws, failed: Option<&FailedEntries>) -> Result<Value, AwsError> {
        let request: Value = serde_json::from_slice(&self.body)?;
        let deployed = aws.roles().deployed();
        let check =
            |needs: &[Need]| aws.roles().check(self.caller, needs).map_err(|refusal| self.service.denied(&refusal));
        check(&Need::of(&deployed, self.service, &self.operation, &request))?;
        match self.service {
            Service::DynamoDb => aws.dynamodb(&self.operation, &request),
            Service::DynamoDbStreams => streams::call(aws.database(), &self.operation, &request),
            Service::EventBridge => aws.event_bus().call(&self.operation, &request, failed),
            Service::SecretsManager => {
                let readable = |id: &str| check(&[Need::secret(&deployed, "GetSecretValue", id)]);
                aws.secrets().call(&self.operation, &request, &readable)
            }
            Service::Kms => aws.kms().call(&self.operation, &request),
        }
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
