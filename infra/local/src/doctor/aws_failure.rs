//! What a failed call to AWS means for a check.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use shared::aws::failure::Failure;

use super::finding::{Check, Finding};

/// A call of a check, by the name of the IAM action that allows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) check: Check,
    /// The action, such as `dynamodb:DescribeTable`.
    pub(super) action: &'static str,
    /// What the call is made on, such as `the table connections`.
    pub(super) of: &'static str,
    /// Whether the functions make this call too.
    pub(super) is_needed: bool,
}

impl Call {
    pub(super) fn failed<E: ProvideErrorMetadata>(self, error: &SdkError<E>) -> Finding {
        self.explain(&Failure::of(error).code)
    }

    /// What a code of AWS, or the few words in its place, comes to.
    pub(super) fn explain(self, code: &str) -> Finding {
        let Self { check, action, of, .. } = self;
        if code.contains("AccessDenied") {
            return self.denied();
        }
        if code.contains("UnknownOperation") {
            return check
                .skipped(format!("What is there in AWS's place does not know {action}."), "Nothing: it is no AWS.");
        }
        let (detail, remedy) = if code.contains("NotFound") {
            (
                format!("{of} does not exist, or has no value."),
                "Check the variable's value, the account and the region.",
            )
        } else if CREDENTIALS.iter().any(|it| code.contains(it)) {
            (
                format!("AWS does not accept the credentials ({code})."),
                "Give valid credentials of the deployment's account.",
            )
        } else if LOCAL.iter().any(|it| code.contains(it)) {
            (format!("{action} did not come about: {code}."), "Check the credentials, AWS_REGION, and the network.")
        } else {
            (format!("{action} failed with {code}."), "Look the code up in the service's API reference.")
        };
        check.problem(detail, remedy)
    }

    fn denied(self) -> Finding {
        let Self { check, action, of, is_needed } = self;
        let detail = format!("These credentials may not call {action} on {of}.");
        if is_needed {
            check.problem(detail, format!("Allow {action}. The functions' roles need it as well."))
        } else {
            check.warning(detail, format!("Allow {action}, for this check only; the functions do not need it."))
        }
    }
}

/// Codes that speak of the credentials.
const CREDENTIALS: [&str; 6] = [
    "UnrecognizedClient",
    "InvalidClientTokenId",
    "ExpiredToken",
    "InvalidSignature",
    "IncompleteSignature",
    "MissingAuthenticationToken",
];

/// What the SDK's failures come to where no answer came.
const LOCAL: [&str; 4] =
    ["the request could not be made", "no answer in time", "not reachable", "the answer made no sense"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    const CALL: Call = Call { check: Check("x"), action: "dynamodb:DescribeTable", of: "The table", is_needed: false };

    #[test]
    fn each_kind_of_failure_is_told_apart() {
        for (code, status, part) in [
            ("AccessDeniedException", Status::Warning, "dynamodb:DescribeTable"),
            ("UnknownOperationException", Status::Skipped, "does not know"),
            ("ResourceNotFoundException", Status::Problem, "does not exist"),
            ("UnrecognizedClientException", Status::Problem, "credentials"),
            ("not reachable", Status::Problem, "not reachable"),
            ("ThrottlingException", Status::Problem, "ThrottlingException"),
        ] {
            let finding = CALL.explain(code);
            assert_eq!(finding.status, status, "{code}");
            assert!(finding.detail.contains(part), "{finding:?}");
        }
    }

    #[test]
    fn what_the_functions_need_too_is_a_problem_where_it_is_denied() {
        assert_eq!(Call { is_needed: true, ..CALL }.explain("AccessDeniedException").status, Status::Problem);
    }
}
