//! `GET /authorize-url` and `GET /authorize`: begins the authorization of a Gmail account. Writes to no store, and on a
//! warm instance makes no network call.

use async_trait::async_trait;
use serde::Serialize;
use shared::{
    config::BadVariable,
    domain::{
        authorization_request::{AuthorizationRequest, Prompt},
        pending_authorization::PendingAuthorization,
        return_to::ReturnTo,
        time::Timestamp,
    },
    front::{Front, Visit, unavailable},
    function::{Deadline, Environment, Function},
    http::{
        Request, Response,
        cookie_jar::CannotAdd,
        page::Page,
        preference::Preference,
        problem::Problem,
        query::{BadParameter, Query},
        route::Route,
    },
};

const JSON: Route = Route::new("GET /authorize-url");
const REDIRECT: Route = Route::new("GET /authorize");

/// The most characters of a `login_hint`: those of the longest e-mail address.
const MAX_LOGIN_HINT: usize = 320;
/// The most characters of a caller's `state`.
const MAX_STATE: usize = 512;
/// The most characters of a `prompt`.
const MAX_PROMPT: usize = 64;

/// The function.
pub struct AuthorizeUrl {
    front: Front,
}

impl AuthorizeUrl {
    /// Connects the function to its environment.
    ///
    /// # Errors
    /// If a variable is missing or bad.
    pub async fn connect(environment: Environment) -> Result<Self, BadVariable> {
        Ok(Self::new(Front::connect(&environment).await?))
    }

    /// The function at a front.
    pub fn new(front: Front) -> Self {
        Self { front }
    }

    async fn authorize(&self, request: &Request, deadline: Deadline) -> Result<Begun, Problem> {
        let query = Query::parse(&request.query);
        let parameters = Parameters::read(&query)?;
        let visit = self.front.open(request, deadline).await?;
        let redirect_uri = visit.redirect_uri()?;
        let pending = self.pending(&parameters)?;
        let authorization_request = AuthorizationRequest {
            client: &visit.values.client,
            redirect_uri: &redirect_uri,
            scopes: &self.front.deployment.scopes,
            pending: &pending,
            login_hint: parameters.login_hint,
            prompt: parameters.prompt,
        };
        Ok(Begun {
            authorization_url: authorization_request.url().into(),
            expires_at: pending.created_at().after(PendingAuthorization::LIFETIME),
            cookies: self.cookies(&visit, request, &pending)?,
        })
    }

    fn pending(&self, parameters: &Parameters<'_>) -> Result<PendingAuthorization, Problem> {
        let return_to =
            parameters.return_to.map(|text| self.front.return_to(text).ok_or(FORBIDDEN_RETURN)).transpose()?;
        let fresh = PendingAuthorization::new(&*self.front.random, self.front.clock.now());
        let mut pending = fresh.map_err(|error| cannot_begin(&error))?;
        pending.return_to = return_to.map(|place| place.as_str().to_owned());
        pending.caller_state = parameters.state.map(str::to_owned);
        pending.consent_forced = parameters.prompt.consent;
        Ok(pending)
    }

    fn cookies(
        &self,
        visit: &Visit<'_>,
        request: &Request,
        pending: &PendingAuthorization,
    ) -> Result<Vec<String>, Problem> {
        visit.jar().add_pending(request, pending, self.front.clock.now()).map_err(|error| match error {
            CannotAdd::TooLarge => Problem::invalid_request(
                "The parameters return_to and state together are larger than a browser's cookie can hold.",
            ),
            CannotAdd::CannotSeal(error) => cannot_begin(&error),
        })
    }
}

#[async_trait]
impl Function for AuthorizeUrl {
    fn name(&self) -> &'static str {
        env!("CARGO_PKG_NAME")
    }

    fn routes(&self) -> &'static [Route] {
        &[JSON, REDIRECT]
    }

    async fn handle(&self, route: &'static Route, request: &Request, deadline: Deadline) -> Response {
        match self.authorize(request, deadline).await {
            Ok(begun) if *route == JSON => begun.into_json(),
            Ok(begun) => begun.into_redirect(),
            Err(problem) if *route == REDIRECT && wants_html(request) => Page::of_problem(&problem, request, None),
            Err(problem) => problem.to_response(),
        }
    }

    async fn upkeep(&self) {
        self.front.secrets.refresh().await;
    }
}

fn wants_html(request: &Request) -> bool {
    Preference::of(request.header("accept")) == Preference::Html
}

fn cannot_begin(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "no authorization can begin");
    unavailable()
}

/// What the caller asks for.
struct Parameters<'a> {
    login_hint: Option<&'a str>,
    return_to: Option<&'a str>,
    state: Option<&'a str>,
    prompt: Prompt,
}

const FORBIDDEN_RETURN: BadParameter = BadParameter {
    name: "return_to",
    problem: "is neither a path on this API nor an address on an allowed origin, of at most 512 characters",
};
const UNKNOWN_PROMPT: BadParameter =
    BadParameter { name: "prompt", problem: "is not consent, select_account, or both separated by a space" };

impl<'a> Parameters<'a> {
    fn read(query: &'a Query) -> Result<Self, BadParameter> {
        let prompt = query.single("prompt", MAX_PROMPT)?;
        Ok(Self {
            login_hint: query.single("login_hint", MAX_LOGIN_HINT)?,
            return_to: query.single("return_to", ReturnTo::MAX_CHARACTERS)?,
            state: query.single("state", MAX_STATE)?,
            prompt: prompt.map(|text| Prompt::parse(text).ok_or(UNKNOWN_PROMPT)).transpose()?.unwrap_or_default(),
        })
    }
}

/// An authorization that has begun.
#[derive(Serialize)]
struct Begun {
    authorization_url: String,
    expires_at: Timestamp,
    #[serde(skip)]
    cookies: Vec<String>,
}

impl Begun {
    fn into_json(self) -> Response {
        Response::json("ok", serde_json::to_string(&self).unwrap_or_default()).with_cookies(self.cookies)
    }

    fn into_redirect(self) -> Response {
        Response::redirect(302, "ok", self.authorization_url).with_cookies(self.cookies)
    }
}
