//! What is told of a connection.

use serde::Serialize;
use shared::{
    domain::{
        connection::Connection,
        time::Timestamp,
        warning::{Warning, warnings},
    },
    front::Visit,
    http::Response,
};

use super::ConnectionFunction;

#[derive(Serialize)]
struct Answer<'a> {
    user_id: &'a str,
    email: Option<&'a str>,
    status: &'static str,
    status_reason: Option<&'a str>,
    scopes: Vec<&'a str>,
    connected_at: Timestamp,
    updated_at: Timestamp,
    refresh_token_expires_at: Option<Timestamp>,
    warnings: Vec<Warning>,
}

impl ConnectionFunction {
    /// The connection, without its tokens, and what is known of its end.
    pub(crate) fn status(&self, connection: &Connection, visit: &Visit<'_>) -> Response {
        let now = self.front.clock.now();
        let status = connection.status_at(now);
        let (word, reason) = status.parts();
        let answer = Answer {
            user_id: connection.user_id.as_str(),
            email: connection.email.as_deref(),
            status: word.as_str(),
            status_reason: reason,
            scopes: connection.scopes.iter().map(String::as_str).collect(),
            connected_at: connection.connected_at,
            updated_at: connection.updated_at,
            refresh_token_expires_at: connection.refresh_token_expires_at,
            warnings: warnings(connection, &visit.values.client.client_id, &self.front.deployment.scopes, now),
        };
        Response::json("ok", serde_json::to_string(&answer).unwrap_or_default())
    }
}
