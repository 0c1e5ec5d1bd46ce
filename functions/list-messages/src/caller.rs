//! Who calls, and the connection that the call is about.

use shared::{
    domain::{connection::Connection, session::Session, user_id::UserId},
    front::{Visit, unavailable},
    http::{
        Request,
        problem::{Kind, Problem},
        route::Route,
    },
    vault::VaultError,
};

use super::{ListMessages, OWN, Refusal};

/// Who calls.
pub(crate) enum Caller {
    /// A browser.
    Browser(Session),
    /// A backend, on behalf of a user.
    Backend(UserId),
}

impl Caller {
    /// Whose messages are asked for.
    pub(crate) fn user_id(&self) -> &UserId {
        match self {
            Self::Browser(session) => &session.user_id,
            Self::Backend(user_id) => user_id,
        }
    }
}

impl ListMessages {
    /// The browser of the session, or the backend that API Gateway let in.
    pub(crate) async fn caller(
        &self,
        route: &'static Route,
        request: &Request,
        visit: &Visit<'_>,
    ) -> Result<Caller, Refusal> {
        if *route == OWN {
            return self.session(request, visit).await.map(Caller::Browser);
        }
        let user_id = route.parameter(&request.path).and_then(UserId::parse);
        let bad = || Problem::invalid_request("The parameter user_id is not a subject identifier.");
        user_id.map(Caller::Backend).ok_or_else(|| bad().into())
    }

    async fn session(&self, request: &Request, visit: &Visit<'_>) -> Result<Session, Refusal> {
        let required = |user_id: Option<&UserId>| Refusal::to_consent(Kind::SessionRequired, user_id, false);
        let session = match visit.jar().session(request) {
            None if visit.jar().presents_session(request) => visit.after_rotation().await?.jar().session(request),
            opened => opened,
        };
        let session = session.ok_or_else(|| required(None))?;
        let live = session.is_live(self.front.clock.now(), self.front.browsers.session_lifetime);
        if live { Ok(session) } else { Err(required(Some(&session.user_id))) }
    }

    /// The caller's connection, unless it ended the caller's session.
    pub(crate) async fn connection(&self, caller: &Caller) -> Result<Connection, Refusal> {
        let user_id = caller.user_id();
        let found = self.vault.find(user_id).await.map_err(|error| vault_problem(&error))?;
        let missing = || Refusal::to_consent(Kind::ConnectionNotFound, Some(user_id), true);
        let connection = found.ok_or_else(missing)?;
        match caller {
            Caller::Browser(session) if session.issued_at < connection.sessions_valid_after => {
                Err(Refusal::to_consent(Kind::SessionRequired, Some(user_id), false))
            }
            _ => Ok(connection),
        }
    }
}

fn vault_problem(error: &VaultError) -> Problem {
    tracing::error!(%error, "the connection cannot be read");
    unavailable()
}
