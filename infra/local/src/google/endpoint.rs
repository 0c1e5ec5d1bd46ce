//! The endpoints that are counted and can be made to fail.

use axum::http::Method;

/// An endpoint of the emulated Google.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Endpoint {
    /// The authorization endpoint: pages and their forms.
    Authorization,
    /// The token endpoint.
    Token,
    /// The JWK set.
    Certs,
    /// The userinfo endpoint.
    UserInfo,
    /// The revocation endpoint.
    Revoke,
    /// Cross-Account Protection: the management API and its discovery document.
    Risc,
    /// Gmail's `messages.list`.
    List,
    /// Gmail's `messages.get`.
    Get,
    /// Gmail's batch endpoint.
    Batch,
    /// One call inside a batch.
    BatchPart,
    /// OpenID's discovery document, the service account's key and the page of connected applications.
    Other,
}

impl Endpoint {
    /// All endpoints with the names that [`super::Faults::parse`] knows them by.
    pub(crate) const NAMES: [(&'static str, Self); 11] = [
        ("authorization", Self::Authorization),
        ("token", Self::Token),
        ("certs", Self::Certs),
        ("userinfo", Self::UserInfo),
        ("revoke", Self::Revoke),
        ("risc", Self::Risc),
        ("list", Self::List),
        ("get", Self::Get),
        ("batch", Self::Batch),
        ("batch-part", Self::BatchPart),
        ("other", Self::Other),
    ];

    /// The endpoint at a path.
    pub(super) fn at(method: &Method, path: &str) -> Self {
        match path {
            "/o/oauth2/v2/auth" => Self::Authorization,
            "/token" if method == Method::POST => Self::Token,
            "/oauth2/v3/certs" => Self::Certs,
            "/v1/userinfo" => Self::UserInfo,
            "/revoke" => Self::Revoke,
            "/.well-known/risc-configuration" => Self::Risc,
            "/batch/gmail/v1" => Self::Batch,
            _ if path.starts_with("/v1beta/stream") => Self::Risc,
            _ if path.starts_with("/gmail/v1/users/") => Self::of_gmail(path),
            _ => Self::Other,
        }
    }

    fn of_gmail(path: &str) -> Self {
        if path.ends_with("/messages") {
            Self::List
        } else if path.contains("/messages/") {
            Self::Get
        } else {
            Self::Other
        }
    }

    /// Whether Gmail answers there.
    pub(super) fn is_gmail(self) -> bool {
        matches!(self, Self::List | Self::Get | Self::Batch | Self::BatchPart)
    }
}
