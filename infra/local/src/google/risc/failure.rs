//! Why the management API refuses, with the statuses and messages that Google documents.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// What keeps a project from managing its stream, whatever the request says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StreamTrouble {
    /// Firebase runs the project's stream.
    ManagedByFirebase,
    /// The service account lacks the role «RISC Configuration Admin».
    NoRole,
    /// The RISC API is not enabled in the project.
    ApiDisabled,
    /// The service account's project does not exist.
    ProjectNotFound,
    /// The project has no OAuth client. (A Google without clients has this trouble by itself.)
    NoOAuthClient,
    /// The caller is not a service account. (So is everyone who comes with a user's access token.)
    NotAServiceAccount,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    NotJson,
    MissingField(&'static str),
    Invalid(&'static str),
    Unauthorized,
    NotHttps,
    NotYourDomain,
    UnsupportedStatus,
    NoConfiguration,
    NoConfigurationToUpdate,
    Trouble(StreamTrouble),
}

impl From<StreamTrouble> for Failure {
    fn from(trouble: StreamTrouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl StreamTrouble {
    fn message(self) -> &'static str {
        match self {
            Self::ManagedByFirebase => {
                "Existing stream configuration does not have spec-compliant delivery method for RISC."
            }
            Self::NoRole => "Service account needs permission to access your RISC configuration.",
            Self::ApiDisabled => {
                "RISC API has not been used in project 000000000000 before or it is disabled. Enable it in the \
                 console, then retry."
            }
            Self::ProjectNotFound => "Project could not be found.",
            Self::NoOAuthClient => "To use this API, your project must have at least one OAuth client configured.",
            Self::NotAServiceAccount => "Stream management APIs should only be called by a service account.",
        }
    }
}

impl Failure {
    fn status(self) -> (StatusCode, &'static str) {
        match self {
            Self::NotJson | Self::MissingField(_) | Self::Invalid(_) => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            Self::NotHttps | Self::NotYourDomain | Self::UnsupportedStatus | Self::Trouble(_) => {
                (StatusCode::FORBIDDEN, "PERMISSION_DENIED")
            }
            Self::NoConfiguration | Self::NoConfigurationToUpdate => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        }
    }

    pub(super) fn message(self) -> String {
        match self {
            Self::NotJson => "Invalid JSON payload received.".to_owned(),
            Self::MissingField(field) => format!("Stream configuration must contain {field} field."),
            Self::Invalid(field) => format!("Invalid value at '{field}'."),
            Self::Unauthorized => "Unauthorized.".to_owned(),
            Self::NotHttps => "Delivery endpoint must be an HTTPS URL.".to_owned(),
            Self::NotYourDomain => "Delivery endpoint does not belong to any of your project's domains.".to_owned(),
            Self::UnsupportedStatus => "Unsupported status. Invalid status.".to_owned(),
            Self::NoConfiguration => "Project has no RISC configuration.".to_owned(),
            Self::NoConfigurationToUpdate => {
                "Project has no existing RISC configuration, cannot update status.".to_owned()
            }
            Self::Trouble(trouble) => trouble.message().to_owned(),
        }
    }

    fn details(self) -> Option<Value> {
        (self == Self::Trouble(StreamTrouble::ApiDisabled)).then(|| {
            json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": { "service": "risc.googleapis.com", "consumer": "projects/000000000000" },
            }])
        })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, rpc_status) = self.status();
        let mut error = json!({ "code": status.as_u16(), "message": self.message(), "status": rpc_status });
        if let (Some(details), Some(error)) = (self.details(), error.as_object_mut()) {
            error.insert("details".to_owned(), details);
        }
        (status, Json(json!({ "error": error }))).into_response()
    }
}
