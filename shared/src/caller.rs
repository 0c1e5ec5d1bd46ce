//! Who calls a route that is about one user: the browser of a session, or a backend on behalf of a user.

use crate::{
    domain::{connection::Connection, session::Session, user_id::UserId},
    front::{Front, Reauthorization, Visit, unavailable},
    http::{
        Request,
        problem::{Kind, Problem},
        route::Route,
    },
    vault::{Vault, VaultError},
};

/// Who calls.
pub enum Caller {
    /// A browser.
    Browser(Session),
    /// A backend, on behalf of a user.
    Backend(UserId),
}

/// Why a caller gets a problem.
pub struct Refusal {
    /// The problem.
    pub problem: Box<Problem>,
    /// Where consent is asked for, if that helps.
    pub way: Option<Way>,
}

/// A way back to consent.
pub struct Way {
    /// The account, where it is known.
    pub user_id: Option<UserId>,
    /// Whether consent has to be asked for.
    pub consent: bool,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), way: None }
    }
}

impl From<Kind> for Refusal {
    fn from(kind: Kind) -> Self {
        Problem::from(kind).into()
    }
}

impl Refusal {
    /// A problem that a consent solves.
    pub fn to_consent(problem: impl Into<Problem>, user_id: Option<&UserId>, consent: bool) -> Self {
        Self { problem: Box::new(problem.into()), way: Some(Way { user_id: user_id.cloned(), consent }) }
    }

    /// There is no connection.
    pub fn not_found(user_id: &UserId) -> Self {
        Self::to_consent(Kind::ConnectionNotFound, Some(user_id), true)
    }

    /// The problem, with the address where consent is asked for, if that helps.
    pub fn to_problem(&self, visit: &Visit<'_>) -> Problem {
        match &self.way {
            None => Problem::clone(&self.problem),
            Some(way) => Problem::clone(&self.problem).with_authorization_url(visit.authorization_url(&way.into())),
        }
    }
}

impl<'a> From<&'a Way> for Reauthorization<'a> {
    fn from(way: &'a Way) -> Self {
        Self { user_id: way.user_id.as_ref(), consent: way.consent, ..Self::default() }
    }
}

impl Caller {
    /// The browser of the session; or, on a route with a `user_id`, the backend that API Gateway let in.
    ///
    /// # Errors
    /// If there is no live session, or the `user_id` is none.
    pub async fn of(
        front: &Front,
        route: &'static Route,
        request: &Request,
        visit: &Visit<'_>,
    ) -> Result<Self, Refusal> {
        let Some(user_id) = route.parameter(&request.path) else {
            return session(front, request, visit).await.map(Self::Browser);
        };
        let bad = || Problem::invalid_request("The parameter user_id is not a subject identifier.");
        UserId::parse(user_id).map(Self::Backend).ok_or_else(|| bad().into())
    }

    /// Whose account it is about.
    pub fn user_id(&self) -> &UserId {
        match self {
            Self::Browser(session) => &session.user_id,
            Self::Backend(user_id) => user_id,
        }
    }

    /// The caller's connection, unless it ended the caller's session.
    ///
    /// # Errors
    /// If there is none, or the session is over by it, or the store cannot be used.
    pub async fn connection(&self, vault: &Vault) -> Result<Connection, Refusal> {
        let user_id = self.user_id();
        let found = vault.find(user_id).await.map_err(|error| vault_problem(&error))?;
        let connection = found.ok_or_else(|| Refusal::not_found(user_id))?;
        match self {
            Self::Browser(session) if session.issued_at < connection.sessions_valid_after => {
                Err(Refusal::to_consent(Kind::SessionRequired, Some(user_id), false))
            }
            _ => Ok(connection),
        }
    }
}

async fn session(front: &Front, request: &Request, visit: &Visit<'_>) -> Result<Session, Refusal> {
    let required = |user_id: Option<&UserId>| Refusal::to_consent(Kind::SessionRequired, user_id, false);
    let session = match visit.jar().session(request) {
        None if visit.jar().presents_session(request) => visit.after_rotation().await?.jar().session(request),
        opened => opened,
    };
    let session = session.ok_or_else(|| required(None))?;
    let live = session.is_live(front.clock.now(), front.browsers.session_lifetime);
    if live { Ok(session) } else { Err(required(Some(&session.user_id))) }
}

/// What callers are told when the vault fails.
pub fn vault_problem(error: &VaultError) -> Problem {
    tracing::error!(%error, "the vault cannot be used");
    unavailable()
}
