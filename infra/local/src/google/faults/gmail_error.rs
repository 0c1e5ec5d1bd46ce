//! Gmail's errors, in the shape Gmail gives them.
//!
//! <https://developers.google.com/workspace/gmail/api/guides/handle-errors>

use serde_json::{Value, json};

/// A named error of the Gmail API.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GmailError {
    /// 403 `rateLimitExceeded`.
    RateLimitExceeded,
    /// 403 `userRateLimitExceeded`.
    UserRateLimitExceeded,
    /// 429 `rateLimitExceeded`: too many requests.
    TooManyRequests,
    /// 429 `rateLimitExceeded`: too many concurrent requests for one user.
    TooManyConcurrentRequests,
    /// 403 `dailyLimitExceeded`.
    DailyLimitExceeded,
    /// 403 `domainPolicy`: the administrator has switched Gmail off.
    DomainPolicy,
    /// 403 `accessNotConfigured`: the Gmail API is not enabled, in the older shape without details.
    AccessNotConfigured,
    /// 403 `SERVICE_DISABLED`: the same, in the newer shape.
    ServiceDisabled,
    /// 403 `insufficientPermissions`, in the older shape without details.
    InsufficientPermissions,
    /// 403 `ACCESS_TOKEN_SCOPE_INSUFFICIENT`, the same in the newer shape.
    AccessTokenScopeInsufficient,
    /// 401 `authError`.
    AuthError,
    /// 500 `backendError`.
    BackendError,
}

struct Row {
    status: u16,
    message: &'static str,
    domain: &'static str,
    reason: &'static str,
    rpc_status: &'static str,
    detail: Option<&'static str>,
}

impl GmailError {
    /// All named errors, as [`super::Faults::parse`] calls them.
    pub(super) const NAMES: [(&'static str, Self); 12] = [
        ("rateLimitExceeded", Self::RateLimitExceeded),
        ("userRateLimitExceeded", Self::UserRateLimitExceeded),
        ("tooManyRequests", Self::TooManyRequests),
        ("tooManyConcurrentRequests", Self::TooManyConcurrentRequests),
        ("dailyLimitExceeded", Self::DailyLimitExceeded),
        ("domainPolicy", Self::DomainPolicy),
        ("accessNotConfigured", Self::AccessNotConfigured),
        ("SERVICE_DISABLED", Self::ServiceDisabled),
        ("insufficientPermissions", Self::InsufficientPermissions),
        ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", Self::AccessTokenScopeInsufficient),
        ("authError", Self::AuthError),
        ("backendError", Self::BackendError),
    ];

    /// The HTTP status.
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// The whole body.
    pub fn body(self) -> Value {
        let row = self.row();
        let detail = row.detail.map(|reason| {
            let metadata = json!({ "service": "gmail.googleapis.com" });
            let kind = "type.googleapis.com/google.rpc.ErrorInfo";
            json!({ "@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": metadata })
        });
        shape(row.status, row.message, (row.domain, row.reason), row.rpc_status, detail)
    }

    fn row(self) -> Row {
        match self {
            Self::RateLimitExceeded | Self::UserRateLimitExceeded | Self::DailyLimitExceeded => self.usage_limit(),
            Self::TooManyRequests => exhausted("Too many requests. Please retry later."),
            Self::TooManyConcurrentRequests => exhausted("Too many concurrent requests for user"),
            Self::DomainPolicy => denied("The domain administrators have disabled Gmail apps.", "domainPolicy", None),
            Self::AccessNotConfigured => Row { domain: "usageLimits", ..denied(DISABLED, "accessNotConfigured", None) },
            Self::ServiceDisabled => {
                let detail = Some("SERVICE_DISABLED");
                Row { domain: "usageLimits", ..denied(DISABLED, "accessNotConfigured", detail) }
            }
            Self::InsufficientPermissions => denied("Insufficient Permission", "insufficientPermissions", None),
            Self::AccessTokenScopeInsufficient => denied(
                "Request had insufficient authentication scopes.",
                "insufficientPermissions",
                Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
            ),
            Self::AuthError => Row {
                status: 401,
                message: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie \
                          or other valid authentication credential.",
                domain: "global",
                reason: "authError",
                rpc_status: "UNAUTHENTICATED",
                detail: None,
            },
            Self::BackendError => Row {
                status: 500,
                message: "Backend Error",
                domain: "global",
                reason: "backendError",
                rpc_status: "INTERNAL",
                detail: None,
            },
        }
    }

    fn usage_limit(self) -> Row {
        let (message, reason) = match self {
            Self::UserRateLimitExceeded => ("User Rate Limit Exceeded", "userRateLimitExceeded"),
            Self::DailyLimitExceeded => ("Daily Limit Exceeded", "dailyLimitExceeded"),
            _ => ("Rate Limit Exceeded", "rateLimitExceeded"),
        };
        Row { domain: "usageLimits", ..denied(message, reason, Some("RATE_LIMIT_EXCEEDED")) }
    }
}

const DISABLED: &str = "Gmail API has not been used in project 000000000000 before or it is disabled.";

fn denied(message: &'static str, reason: &'static str, detail: Option<&'static str>) -> Row {
    Row { status: 403, message, domain: "global", reason, rpc_status: "PERMISSION_DENIED", detail }
}

fn exhausted(message: &'static str) -> Row {
    let (domain, reason, rpc_status) = ("usageLimits", "rateLimitExceeded", "RESOURCE_EXHAUSTED");
    Row { status: 429, message, domain, reason, rpc_status, detail: None }
}

/// An error of a Google API: what it is, the domain and reason of its first entry, and one detail.
pub(in crate::google) fn shape(
    status: u16,
    message: &str,
    (domain, reason): (&str, &str),
    rpc_status: &str,
    detail: Option<Value>,
) -> Value {
    let errors = json!([{ "message": message, "domain": domain, "reason": reason }]);
    let mut error = json!({ "code": status, "message": message, "errors": errors, "status": rpc_status });
    if let (Some(detail), Some(error)) = (detail, error.as_object_mut()) {
        error.insert("details".to_owned(), json!([detail]));
    }
    json!({ "error": error })
}
