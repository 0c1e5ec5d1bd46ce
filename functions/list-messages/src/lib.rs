//! `GET /messages` and `GET /users/{user_id}/messages`: lists the messages of a connected Gmail account.

use async_trait::async_trait;
use shared::{
    config::BadVariable,
    front::Front,
    function::{Deadline, Environment, Function},
    http::{
        Request, Response,
        problem::{Kind, Problem},
        route::Route,
    },
};

const OWN: Route = Route::new("GET /messages");
const USERS: Route = Route::new("GET /users/{user_id}/messages");

/// The function.
pub struct ListMessages {
    _front: Front,
}

impl ListMessages {
    /// Connects the function to its environment.
    ///
    /// # Errors
    /// If a variable is missing or bad.
    pub async fn connect(environment: Environment) -> Result<Self, BadVariable> {
        Ok(Self { _front: Front::connect(&environment).await? })
    }
}

#[async_trait]
impl Function for ListMessages {
    fn name(&self) -> &'static str {
        env!("CARGO_PKG_NAME")
    }

    fn routes(&self) -> &'static [Route] {
        &[OWN, USERS]
    }

    async fn handle(&self, _: &'static Route, _: &Request, _: Deadline) -> Response {
        Problem::from(Kind::Unavailable).to_response()
    }
}
