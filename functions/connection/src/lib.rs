//! `GET` and `DELETE /connection` for the browser session, the same of `/users/{user_id}/connection` for a backend, and
//! `GET /users`: what is known of connections, and their end.

mod disconnect;
mod status;
mod users;

use std::sync::Arc;

use async_trait::async_trait;
use shared::{
    backend::Backend,
    caller::{Caller, Refusal},
    config::BadVariable,
    domain::{authorization_server::AuthorizationServer, origin::Origin},
    front::{Front, Visit},
    function::{Deadline, Environment, Function},
    http::{
        Request, Response,
        problem::{Kind, Problem},
        route::Route,
    },
    vault::Vault,
};

const STATUS: Route = Route::new("GET /connection");
const DISCONNECT: Route = Route::new("DELETE /connection");
const USERS_STATUS: Route = Route::for_backends("GET /users/{user_id}/connection");
const USERS_DISCONNECT: Route = Route::for_backends("DELETE /users/{user_id}/connection");
const USERS: Route = Route::for_backends("GET /users");

/// The function.
pub struct ConnectionFunction {
    front: Front,
    vault: Arc<Vault>,
    server: Arc<dyn AuthorizationServer>,
}

impl ConnectionFunction {
    /// Connects the function to its environment.
    ///
    /// # Errors
    /// If a variable is missing or bad.
    pub async fn connect(environment: Environment) -> Result<Self, BadVariable> {
        let Backend { front, vault, server, .. } = Backend::connect(&environment).await?;
        Ok(Self { front, vault, server })
    }

    async fn answer(
        &self,
        route: &'static Route,
        request: &Request,
        visit: &Visit<'_>,
        deadline: Deadline,
    ) -> Result<Response, Refusal> {
        if *route == USERS {
            return self.users(request, deadline).await;
        }
        if *route == DISCONNECT {
            self.check_origin(request, visit)?;
        }
        let caller = Caller::of(&self.front, route, request, visit).await?;
        let connection = caller.connection(&self.vault).await?;
        if [DISCONNECT, USERS_DISCONNECT].contains(route) {
            self.disconnect(&caller, &connection, visit, deadline).await
        } else {
            Ok(self.status(&connection, visit))
        }
    }

    /// A browser sends `Origin` with every `DELETE`: one that another site has made it send is told by it
    /// ([Fetch standard](https://fetch.spec.whatwg.org/#origin-header)).
    fn check_origin(&self, request: &Request, visit: &Visit<'_>) -> Result<(), Problem> {
        let origin = request.header("origin").and_then(Origin::parse);
        let is_allowed =
            |origin: &Origin| *origin == visit.origin || self.front.browsers.allowed_return_origins.contains(origin);
        if origin.as_ref().is_some_and(is_allowed) {
            return Ok(());
        }
        let detail = "The header Origin must name this API or one of its allowed origins.".to_owned();
        Err(Problem { detail: Some(detail), ..Kind::Forbidden.into() })
    }
}

#[async_trait]
impl Function for ConnectionFunction {
    fn name(&self) -> &'static str {
        env!("CARGO_PKG_NAME")
    }

    fn routes(&self) -> &'static [Route] {
        &[STATUS, DISCONNECT, USERS_STATUS, USERS_DISCONNECT, USERS]
    }

    async fn handle(&self, route: &'static Route, request: &Request, deadline: Deadline) -> Response {
        let visit = match self.front.open(request, deadline).await {
            Ok(visit) => visit,
            Err(problem) => return problem.to_response(),
        };
        match self.answer(route, request, &visit, deadline).await {
            Ok(response) => response,
            Err(refusal) => refusal.to_problem(&visit).to_response(),
        }
    }

    async fn upkeep(&self) {
        self.front.secrets.refresh().await;
    }
}
