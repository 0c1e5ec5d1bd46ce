//! What the AWS SDK's errors come to: a few words for the log, and whether it may go better in a moment.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Error codes that say «not now».
const TRANSIENT: [&str; 9] = [
    "InternalServerError",
    "InternalServiceError",
    "KMSInternalException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// A failed call, in a few words. They hold no value that was sent or stored: service messages may.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The service's error code, or what happened on the way.
    pub code: String,
    /// Whether it may go better in a moment.
    pub transient: bool,
}

impl Failure {
    /// Looks at an error of the SDK.
    pub fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ConstructionFailure(_) => Self { code: "the request could not be made".into(), transient: false },
            SdkError::TimeoutError(_) => Self { code: "no answer in time".into(), transient: true },
            SdkError::DispatchFailure(_) => Self { code: "not reachable".into(), transient: true },
            SdkError::ServiceError(context) => {
                let code = context.err().code().unwrap_or("unknown error").to_owned();
                let transient = TRANSIENT.contains(&code.as_str()) || context.raw().status().is_server_error();
                Self { code, transient }
            }
            _ => Self { code: "the answer made no sense".into(), transient: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

    use super::*;

    fn answer(status: u16) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), SdkBody::empty())
    }

    #[test]
    fn every_way_to_fail_is_told_in_a_few_words() {
        let error = |code: &str| ErrorMetadata::builder().code(code).build();
        let lost = || ConnectorError::io("anna@example.com".into());
        let rows: [(SdkError<ErrorMetadata, HttpResponse>, &str, bool); 8] = [
            (SdkError::construction_failure("anna@example.com"), "the request could not be made", false),
            (SdkError::timeout_error("anna@example.com"), "no answer in time", true),
            (SdkError::dispatch_failure(lost()), "not reachable", true),
            (SdkError::response_error("anna@example.com", answer(200)), "the answer made no sense", true),
            (SdkError::service_error(error("AccessDeniedException"), answer(400)), "AccessDeniedException", false),
            (SdkError::service_error(error("ThrottlingException"), answer(400)), "ThrottlingException", true),
            (SdkError::service_error(error("Unheard"), answer(503)), "Unheard", true),
            (SdkError::service_error(ErrorMetadata::builder().build(), answer(400)), "unknown error", false),
        ];
        for (error, code, transient) in rows {
            assert_eq!(Failure::of(&error), Failure { code: code.to_owned(), transient }, "{error:?}");
        }
    }
}
