//! `GET /callback`: completes the authorization that `authorize-url` began. Checks that the browser is the one that
//! started it, exchanges the code, verifies who consented and to what, and stores the connection.

mod authorization_response;
mod exchange;
mod identity;
mod keeping;
mod reply;

use std::{pin::pin, sync::Arc};

use async_trait::async_trait;
use futures_util::future::{Either, join, select};
use shared::{
    backend::Backend,
    config::BadVariable,
    domain::{
        authorization_server::{AuthorizationServer, TokenResponse},
        connection::Connection,
        pending_authorization::PendingAuthorization,
        scope::Scopes,
        session::Session,
        user_id::UserId,
    },
    front::{Front, Visit},
    function::{Deadline, Environment, Function},
    google::keys::GoogleKeys,
    http::{
        Request, Response,
        problem::{Kind, Problem},
        query::{BadParameter, Query},
        route::Route,
    },
    vault::Vault,
};

use self::{authorization_response::authorization_code, reply::Reply};

const CALLBACK: Route = Route::new("GET /callback");
/// A `state` of any length is looked for; one that is not ours has no cookie.
const MAX_STATE: usize = usize::MAX;

/// The function.
pub struct Callback {
    front: Front,
    server: Arc<dyn AuthorizationServer>,
    keys: GoogleKeys,
    vault: Arc<Vault>,
}

/// How an attempt ends that does not end in a connection.
#[derive(Debug)]
enum Ending {
    /// Google gave no refresh token and none is stored: consent has to be asked for.
    AskForConsent(UserId),
    /// It failed; whose account it is, if we know by then.
    Failed(Problem, Option<UserId>),
}

impl From<Problem> for Ending {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem, None)
    }
}

impl From<BadParameter> for Ending {
    fn from(bad: BadParameter) -> Self {
        Problem::from(bad).into()
    }
}

/// One attempt that came back.
struct Attempt<'a> {
    visit: &'a Visit<'a>,
    pending: &'a PendingAuthorization,
    deadline: Deadline,
}

impl Callback {
    /// Connects the function to its environment.
    ///
    /// # Errors
    /// If a variable is missing or bad.
    pub async fn connect(environment: Environment) -> Result<Self, BadVariable> {
        let Backend { front, vault, server, http, endpoints } = Backend::connect(&environment).await?;
        let keys = GoogleKeys::new(http, endpoints.jwks, front.clock.clone());
        Ok(Self { front, server, keys, vault })
    }

    async fn answer(&self, request: &Request, deadline: Deadline) -> Response {
        let query = Query::parse(&request.query);
        let (visit, pending) = match self.open(&query, request, deadline).await {
            Ok(opened) => opened,
            Err(problem) => return Reply::without_attempt(request).failure(problem, None),
        };
        let reply = Reply::at(request, &self.front, &visit);
        let pending = match self.check(&query, pending) {
            Ok(pending) => pending,
            Err(problem) => return reply.failure(problem, None),
        };
        let reply = reply.of(&pending);
        let attempt = Attempt { visit: &visit, pending: &pending, deadline };
        let response = match self.complete_prepared(&query, &attempt).await {
            Ok(connection) => self.success(&reply, &visit, &connection),
            Err(Ending::AskForConsent(user_id)) => reply.ask_for_consent(&user_id),
            Err(Ending::Failed(problem, user_id)) => reply.failure(problem, user_id.as_ref()),
        };
        response.with_cookie(visit.jar().end_pending(&pending))
    }

    /// The visit, and what the browser's cookie for this `state` holds, opened with the keys that it asks for.
    async fn open(
        &self,
        query: &Query,
        request: &Request,
        deadline: Deadline,
    ) -> Result<(Visit<'_>, Option<PendingAuthorization>), Problem> {
        let mut visit = self.front.open(request, deadline).await?;
        let state = query.single("state", MAX_STATE).ok().flatten().unwrap_or_default();
        let mut pending = visit.jar().pending(request, state);
        if pending.is_none() && visit.jar().presents_pending(request, state) {
            visit = visit.after_rotation().await?;
            pending = visit.jar().pending(request, state);
        }
        Ok((visit, pending))
    }

    /// The attempt that this browser began with this `state`, if it is still live.
    fn check(&self, query: &Query, pending: Option<PendingAuthorization>) -> Result<PendingAuthorization, Problem> {
        let state = query.single("state", MAX_STATE)?.unwrap_or_default();
        let now = self.front.clock.now();
        pending.filter(|pending| pending.is_live(now) && pending.has_state(state)).ok_or(Kind::InvalidState.into())
    }

    /// Completes the attempt while Google's keys and the vault's index are fetched beside it: whatever needs them waits for
    /// them and nothing else does.
    async fn complete_prepared(&self, query: &Query, attempt: &Attempt<'_>) -> Result<Connection, Ending> {
        let completed = pin!(self.complete(query, attempt));
        let prepared = pin!(attempt.deadline.bound(join(self.keys.prefetch(), self.vault.prepare())));
        match select(completed, prepared).await {
            Either::Left((completed, _)) => completed,
            Either::Right((_, completed)) => completed.await,
        }
    }

    async fn complete(&self, query: &Query, attempt: &Attempt<'_>) -> Result<Connection, Ending> {
        let code = authorization_code(query)?;
        // Not the time of the answer, which may be slow to come.
        let minted_at = self.front.clock.now();
        let tokens = self.exchange(&code, attempt).await?;
        let account = self.identify(&tokens, attempt).await?;
        let granted =
            self.granted(&tokens).map_err(|problem| Ending::Failed(problem, Some(account.user_id.clone())))?;
        self.keep(&account, &granted, &tokens, minted_at, attempt).await
    }

    /// What the user allowed, which has to be everything that we need.
    fn granted(&self, tokens: &TokenResponse) -> Result<Scopes, Problem> {
        let required = &self.front.deployment.scopes;
        // A token response that names no scope grants what was asked for (RFC 6749 §5.1).
        let granted = tokens.scopes.clone().unwrap_or_else(|| required.clone());
        let missing_scopes = required.missing_from(&granted);
        if missing_scopes.is_empty() {
            return Ok(granted);
        }
        Err(Problem { missing_scopes, ..Kind::InsufficientScope.into() })
    }

    fn success(&self, reply: &Reply<'_>, visit: &Visit<'_>, connection: &Connection) -> Response {
        let session = Session { user_id: connection.user_id.clone(), issued_at: self.front.clock.now() };
        match visit.jar().set_session(&session, self.front.browsers.session_lifetime) {
            Ok(cookie) => reply.success(connection).with_cookie(cookie),
            Err(error) => {
                tracing::error!(%error, "no session can be issued");
                reply.failure(shared::front::unavailable(), Some(&connection.user_id))
            }
        }
    }
}

#[async_trait]
impl Function for Callback {
    fn name(&self) -> &'static str {
        env!("CARGO_PKG_NAME")
    }

    fn routes(&self) -> &'static [Route] {
        &[CALLBACK]
    }

    async fn handle(&self, _: &'static Route, request: &Request, deadline: Deadline) -> Response {
        self.answer(request, deadline).await
    }

    async fn upkeep(&self) {
        self.front.secrets.refresh().await;
    }
}
