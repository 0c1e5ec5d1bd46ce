//! What callers are told when nothing can be listed: the one table from what Google says to a problem.

use std::time::Duration;

use shared::{
    caller::Refusal,
    domain::{
        mailbox::{Action, GmailError},
        revocation::{self, Reason},
        user_id::UserId,
    },
    front::{blocked_by_policy, secrets_problem, unavailable},
    http::problem::{Kind, Problem},
    telemetry::{Metric, count},
    vault::access_tokens::{AccessError, RETRY_AFTER},
};

use super::gmail::Failure;

/// What callers are told to wait when Gmail limits the rate and does not say for how long: its limits count minutes.
pub(crate) const RATE_WAIT: Duration = Duration::from_mins(1);
/// The refusal of a failure; `missing_scopes` are those that the connection lacks.
pub(crate) fn problem_of(failure: Failure, user_id: &UserId, missing_scopes: Vec<String>) -> Refusal {
    match failure {
        Failure::Access(error) => access_refusal(error, user_id),
        Failure::Gmail(error) => gmail_refusal(error, user_id, missing_scopes),
        Failure::Quota { retry_after } => rate_limited(Some(retry_after)).into(),
    }
}

fn access_refusal(error: AccessError, user_id: &UserId) -> Refusal {
    match error {
        AccessError::NotFound => Refusal::not_found(user_id),
        AccessError::ReauthorizationRequired { reason } => reauthorization(&reason, user_id),
        AccessError::ClientRejected(code) => {
            tracing::error!(
                code,
                "Google does not accept our OAuth client; put its present client_secret.json into the secret"
            );
            Problem::from(Kind::Misconfigured).into()
        }
        AccessError::BlockedByPolicy => blocked_by_policy().into(),
        AccessError::GoogleUnavailable { retry_after } => {
            Problem::from(Kind::GoogleUnavailable).with_retry_after(retry_after).into()
        }
        AccessError::Secrets(error) => secrets_problem(&error).into(),
        AccessError::Unavailable(detail) => {
            tracing::error!(detail, "the vault cannot be used");
            unavailable().into()
        }
    }
}

fn reauthorization(reason: &str, user_id: &UserId) -> Refusal {
    tracing::info!(reason, "the user must consent again");
    count(Metric::Reauthorizations { cause: revocation::word(reason) }, 1);
    Refusal::to_consent(Kind::ReauthorizationRequired, Some(user_id), true)
}

fn gmail_refusal(error: GmailError, user_id: &UserId, missing_scopes: Vec<String>) -> Refusal {
    let action = error.action();
    if !matches!(action, Action::CorrectRequest) {
        tracing::warn!(status = error.status, reason = error.reason, "Gmail refuses");
    }
    match action {
        Action::Refresh => reauthorization(Reason::AccessTokenRejected.word(), user_id),
        Action::AskForScope => {
            if missing_scopes.is_empty() {
                tracing::error!("Gmail wants a scope that SCOPES does not ask for; add it there");
            }
            let problem = Problem { missing_scopes, ..Kind::InsufficientScope.into() };
            Refusal::to_consent(problem, Some(user_id), true)
        }
        Action::SlowDown => rate_limited(error.retry_after).into(),
        Action::WaitForTomorrow => Problem::from(Kind::QuotaExhausted).into(),
        Action::ToldByPolicy => blocked_by_policy().into(),
        Action::EnableApi => {
            tracing::error!("enable the Gmail API in the Google Cloud project of the OAuth client");
            Problem::from(Kind::Misconfigured).into()
        }
        Action::CorrectRequest => wrong_request(error.message).into(),
        Action::Gone | Action::GiveUp | Action::TryAgain => {
            let wait = error.retry_after.unwrap_or(RETRY_AFTER);
            Problem::from(Kind::GoogleUnavailable).with_retry_after(wait).into()
        }
    }
}

fn rate_limited(retry_after: Option<Duration>) -> Problem {
    Problem::from(Kind::RateLimited).with_retry_after(retry_after.unwrap_or(RATE_WAIT))
}

/// Gmail found the caller's request wrong, and its own words say best how.
fn wrong_request(message: String) -> Problem {
    if message.is_empty() { Kind::InvalidRequest.into() } else { Problem::invalid_request(message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(failure: Failure) -> (u16, &'static str, bool, Option<u64>) {
        let refusal = problem_of(failure, &UserId::parse("1").unwrap(), vec![]);
        let problem = refusal.problem;
        let wait = problem.retry_after.map(|wait| wait.as_secs());
        (problem.status(), problem.code(), refusal.way.is_some(), wait)
    }

    #[test]
    fn every_gmail_error_is_told_as_the_contract_says() {
        for (status, reason, expected) in [
            (401, "authError", (401, "reauthorization_required", true, None)),
            (403, "insufficientPermissions", (403, "insufficient_scope", true, None)),
            (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", (403, "insufficient_scope", true, None)),
            (403, "rateLimitExceeded", (429, "rate_limited", false, Some(60))),
            (403, "userRateLimitExceeded", (429, "rate_limited", false, Some(60))),
            (429, "rateLimitExceeded", (429, "rate_limited", false, Some(60))),
            (403, "dailyLimitExceeded", (429, "quota_exhausted", false, None)),
            (403, "domainPolicy", (403, "blocked_by_policy", false, None)),
            (403, "accessNotConfigured", (500, "misconfigured", false, None)),
            (403, "SERVICE_DISABLED", (500, "misconfigured", false, None)),
            (400, "invalidArgument", (400, "invalid_request", false, None)),
            (500, "backendError", (503, "google_unavailable", false, Some(10))),
            (0, "noAnswer", (503, "google_unavailable", false, Some(10))),
            (403, "somethingNew", (503, "google_unavailable", false, Some(10))),
        ] {
            let error =
                GmailError { status, reason: reason.into(), message: String::new(), retry_after: None, of_part: false };
            assert_eq!(told(error.into()), expected, "{status} {reason}");
        }
    }

    #[test]
    fn every_failure_to_get_access_is_told_as_the_contract_says() {
        let wait = Duration::from_secs(7);
        for (error, expected) in [
            (AccessError::NotFound, (404, "connection_not_found", true, None)),
            (
                AccessError::ReauthorizationRequired { reason: "invalid_grant".into() },
                (401, "reauthorization_required", true, None),
            ),
            (AccessError::ClientRejected("invalid_client"), (500, "misconfigured", false, None)),
            (AccessError::BlockedByPolicy, (403, "blocked_by_policy", false, None)),
            (AccessError::GoogleUnavailable { retry_after: wait }, (503, "google_unavailable", false, Some(7))),
            (AccessError::Unavailable("x".into()), (503, "unavailable", false, Some(5))),
        ] {
            assert_eq!(told(error.into()), expected);
        }
    }
}
