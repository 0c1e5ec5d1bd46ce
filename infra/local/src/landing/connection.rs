//! What the page reads from the answers of the function `connection`.

use axum::http::StatusCode;
use serde::Deserialize;
use shared::domain::time::Timestamp;

use super::api::Answer;

/// A connection, as far as the page shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Connection {
    pub(super) email: Option<String>,
    pub(super) status: Status,
    pub(super) status_reason: Option<String>,
    connected_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) warnings: Vec<Warning>,
}

/// Whether the access still stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Active,
    Revoked,
}

/// Something about the connection that the application should know, in English.
#[derive(Debug, Deserialize)]
pub(super) struct Warning {
    pub(super) detail: String,
}

/// What came of a disconnection.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Disconnected {
    pub(super) revoked_at_google: bool,
}

impl Connection {
    /// The connection in an answer; `None` if there is none in it, whatever the answer is.
    pub(super) fn read(answer: &Answer) -> Option<Self> {
        serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == StatusCode::OK)
    }

    pub(super) fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    /// When the account was connected: for machines and for people.
    pub(super) fn since(&self) -> Option<(String, String)> {
        let exact = self.connected_at?.to_string();
        let (date, time) = exact.split_once('T')?;
        let minute = time.get(..5)?;
        Some((exact.clone(), format!("{date} {minute} UTC")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: StatusCode, body: &'static str) -> Option<Connection> {
        Connection::read(&Answer { status, headers: http::HeaderMap::new(), body: body.into() })
    }

    #[test]
    fn a_connection_is_read_from_a_good_answer_only() {
        let whole = r#"{"user_id":"1","email":"a@example.com","status":"revoked","status_reason":"expired","scopes":[],
            "connected_at":"2026-11-22T03:37:32.007Z","updated_at":"2026-11-22T03:37:32.007Z",
            "refresh_token_expires_at":null,"warnings":[{"code":"x","detail":"Y."}]}"#;
        let connection = read(StatusCode::OK, whole).unwrap();
        assert!(!connection.is_active() && connection.warnings[0].detail == "Y.");
        let since = ("2026-11-22T03:37:32.007Z".to_owned(), "2026-11-22 03:37 UTC".to_owned());
        assert_eq!(connection.since(), Some(since));
        assert!(read(StatusCode::OK, r#"{"status":"active"}"#).unwrap().is_active());
        for (status, body) in [
            (StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#),
            (StatusCode::FORBIDDEN, r#"{"message":"Forbidden"}"#),
            (StatusCode::UNAUTHORIZED, r#"{"code":"session_required","status":401}"#),
            (StatusCode::SERVICE_UNAVAILABLE, whole),
            (StatusCode::OK, "not JSON"),
            (StatusCode::OK, r#"{"status":"unheard of"}"#),
        ] {
            assert!(read(status, body).is_none(), "{status} {body}");
        }
    }
}
