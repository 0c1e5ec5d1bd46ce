//! What goes wrong, as callers see it: the one table of errors and their statuses
//! ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).

use std::time::Duration;

use serde::Serialize;

use super::{query::BadParameter, response::Response};

/// Every way in which a request can fail.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "the table below says what each one is")]
pub enum Kind {
    AccessDenied,
    AuthorizationFailed,
    BlockedByPolicy,
    CodeRejected,
    ConnectionNotFound,
    Forbidden,
    /// Google failed while the browser waited in the callback.
    GoogleFailedCallback,
    /// Google failed while messages were listed.
    GoogleUnavailable,
    InsufficientScope,
    InvalidIdToken,
    InvalidRequest,
    InvalidState,
    Misconfigured,
    NoRefreshToken,
    NoUserId,
    NotFound,
    QuotaExhausted,
    RateLimited,
    ReauthorizationRequired,
    SessionRequired,
    Unavailable,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The HTTP status.
    pub status: u16,
    /// The word that programs go by.
    pub code: &'static str,
    /// What happened, in a few words.
    pub title: &'static str,
    /// What happened and what to do, in a sentence.
    pub detail: &'static str,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::AccessDenied,
        Self::AuthorizationFailed,
        Self::BlockedByPolicy,
        Self::CodeRejected,
        Self::ConnectionNotFound,
        Self::Forbidden,
        Self::GoogleFailedCallback,
        Self::GoogleUnavailable,
        Self::InsufficientScope,
        Self::InvalidIdToken,
        Self::InvalidRequest,
        Self::InvalidState,
        Self::Misconfigured,
        Self::NoRefreshToken,
        Self::NoUserId,
        Self::NotFound,
        Self::QuotaExhausted,
        Self::RateLimited,
        Self::ReauthorizationRequired,
        Self::SessionRequired,
        Self::Unavailable,
    ];

    /// The table.
    #[rustfmt::skip]
    pub const fn row(self) -> Row {
        let (status, code, title, detail) = match self {
            Self::AccessDenied => (403, "access_denied", "Access was declined", "The user did not allow the access that was asked for."),
            Self::AuthorizationFailed => (400, "authorization_failed", "Google refused the authorization", "Google ended the authorization with an error."),
            Self::BlockedByPolicy => (403, "blocked_by_policy", "Blocked by policy", "The administrator of the account's organization does not allow this application to use Gmail."),
            Self::CodeRejected => (400, "code_rejected", "The authorization code was rejected", "The authorization code is expired or was used before. Start again."),
            Self::ConnectionNotFound => (404, "connection_not_found", "No such connection", "No Gmail account is connected for this user."),
            Self::Forbidden => (403, "forbidden", "Forbidden", "This route takes only requests that are signed with AWS IAM."),
            Self::GoogleFailedCallback => (502, "google_unavailable", "Google is unavailable", "Google could not complete the authorization. Start again."),
            Self::GoogleUnavailable => (503, "google_unavailable", "Google is unavailable", "Google does not answer as it should at present. Try again later."),
            Self::InsufficientScope => (403, "insufficient_scope", "A permission is missing", "The user did not allow everything that was asked for."),
            Self::InvalidIdToken => (502, "invalid_id_token", "Google's ID token is invalid", "Google's statement of who consented could not be verified."),
            Self::InvalidRequest => (400, "invalid_request", "The request is invalid", "The request is not as it must be."),
            Self::InvalidState => (400, "invalid_state", "This attempt is not known", "The state is missing, expired, or not of this browser. Start again."),
            Self::Misconfigured => (500, "misconfigured", "The service is misconfigured", "The operator of this service must correct its configuration."),
            Self::NoRefreshToken => (502, "no_refresh_token", "Google gave no lasting access", "Google gave no refresh token, although consent was asked for."),
            Self::NoUserId => (502, "no_user_id", "Google did not say who consented", "Google gave no identifier of the account."),
            Self::NotFound => (404, "not_found", "Not found", "There is nothing at this path for this method."),
            Self::QuotaExhausted => (429, "quota_exhausted", "The day's quota is used up", "Gmail's daily quota of this application is used up."),
            Self::RateLimited => (429, "rate_limited", "Too many requests", "The user's Gmail quota is used up for now. Try again later."),
            Self::ReauthorizationRequired => (401, "reauthorization_required", "The user must consent again", "The access to this Gmail account has ended. Send the user to authorization_url."),
            Self::SessionRequired => (401, "session_required", "No session", "There is no valid session. Send the user to authorization_url."),
            Self::Unavailable => (503, "unavailable", "The service is unavailable", "The service cannot be used at present. Try again later."),
        };
        Row { status, code, title, detail }
    }
}

/// A failure, with what its caller should know about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Which one.
    pub kind: Kind,
    /// What helps the caller, where the table's sentence is not enough. 4xx only: a 5xx says what the table says.
    pub detail: Option<String>,
    /// Where to send the user.
    pub authorization_url: Option<String>,
    /// Google's own error code, where it may be shown.
    pub google_error: Option<String>,
    /// The scopes that the user did not allow.
    pub missing_scopes: Vec<String>,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            detail: None,
            authorization_url: None,
            google_error: None,
            missing_scopes: Vec::new(),
            retry_after: None,
        }
    }
}

impl From<BadParameter> for Problem {
    fn from(bad: BadParameter) -> Self {
        Self::invalid_request(bad.to_string())
    }
}

impl Problem {
    /// A request that is not as it must be, and a sentence that says what is wrong with it.
    pub fn invalid_request(detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Kind::InvalidRequest.into() }
    }

    /// The same problem with the place to send the user to.
    #[must_use]
    pub fn with_authorization_url(self, url: impl Into<String>) -> Self {
        Self { authorization_url: Some(url.into()), ..self }
    }

    /// The same problem with the time to wait.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The word that programs go by.
    pub const fn code(&self) -> &'static str {
        self.kind.row().code
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.kind.row().status
    }

    /// The problem as `application/problem+json`, with `Retry-After` where there is a time to wait.
    pub fn to_response(&self) -> Response {
        let row = self.kind.row();
        let own_detail = self.detail.as_deref().filter(|_| row.status < 500);
        let retry_after = self.retry_after.map(whole_seconds);
        let body = Body {
            r#type: format!("urn:gmail-connect:problem:{}", row.code),
            title: row.title,
            status: row.status,
            detail: own_detail.unwrap_or(row.detail),
            code: row.code,
            authorization_url: self.authorization_url.as_deref(),
            missing_scopes: &self.missing_scopes,
            retry_after,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let response = Response::new(row.status, row.code).with_body("application/problem+json", body);
        match retry_after {
            Some(seconds) => response.with_header("retry-after", seconds.to_string()),
            None => response,
        }
    }
}

/// `Retry-After` counts whole seconds; a part of one is one, and so is none.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_url: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    missing_scopes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_the_status_and_code_of_the_contract() {
        let rows = [
            (400, "authorization_failed"),
            (400, "code_rejected"),
            (400, "invalid_request"),
            (400, "invalid_state"),
            (401, "reauthorization_required"),
            (401, "session_required"),
            (403, "access_denied"),
            (403, "blocked_by_policy"),
            (403, "forbidden"),
            (403, "insufficient_scope"),
            (404, "connection_not_found"),
            (404, "not_found"),
            (429, "quota_exhausted"),
            (429, "rate_limited"),
            (500, "misconfigured"),
            (502, "google_unavailable"),
            (502, "invalid_id_token"),
            (502, "no_refresh_token"),
            (502, "no_user_id"),
            (503, "google_unavailable"),
            (503, "unavailable"),
        ];
        let mut table: Vec<_> = Kind::ALL.map(|kind| (kind.row().status, kind.row().code)).to_vec();
        table.sort_unstable();
        assert_eq!(table, rows);
    }

    #[test]
    fn a_problem_carries_what_applies_and_nothing_else() {
        let problem = Problem::from(Kind::RateLimited).with_retry_after(Duration::from_millis(1500));
        let response = problem.to_response();
        assert_eq!(response.headers["retry-after"], "2");
        assert_eq!(response.headers["content-type"], "application/problem+json");
        let body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"type": "urn:gmail-connect:problem:rate_limited", "title": "Too many requests",
                "status": 429, "code": "rate_limited", "retry_after": 2,
                "detail": "The user's Gmail quota is used up for now. Try again later."})
        );
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_as_none() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (2000, 2)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis}");
        }
    }

    #[test]
    fn a_server_error_says_only_what_the_table_says() {
        let problem = Problem { detail: Some("internal".into()), ..Kind::Misconfigured.into() };
        assert!(!problem.to_response().body.contains("internal"));
        assert!(Problem::invalid_request("The parameter q is too long.").to_response().body.contains("parameter q"));
    }
}
