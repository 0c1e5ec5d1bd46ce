//! `GET /messages` and `GET /users/{user_id}/messages`: lists the messages of a connected Gmail account, also while its
//! user is away.

mod ahead;
mod body;
mod budget;
mod continuation;
mod gmail;
mod governor;
mod listing;
mod outcome;
mod pace;
mod parameters;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use shared::{
    aws::quota::DynamoDbSpending,
    backend::Backend,
    caller::{Caller, Refusal},
    config::{BadVariable, GmailLimits, Storage},
    domain::{
        authorization_server::AuthorizationServer,
        mailbox::{Mailbox, PageRequest},
        quota::{Quota, SpendingStore, units},
        return_to::ReturnTo,
    },
    front::{Front, Reauthorization, Visit},
    function::{Deadline, Environment, Function},
    google::gmail::GmailMailbox,
    http::{
        Request, Response,
        page::Page,
        preference::Preference,
        problem::{Kind, Problem, whole_seconds},
        query::Query,
        route::Route,
    },
    vault::{Vault, access_tokens::AccessTokens},
};

use self::{
    ahead::Ahead,
    gmail::Gmail,
    governor::{Account, Governor},
    listing::Listing,
    outcome::problem_of,
    pace::Pace,
    parameters::Parameters,
};

/// For the browser session.
const OWN: Route = Route::new("GET /messages");
/// For a backend, signed with AWS IAM.
const USERS: Route = Route::for_backends("GET /users/{user_id}/messages");

/// What the answer cost of Gmail's quota, in units.
const QUOTA_UNITS: &str = "x-gmail-quota-units";

/// The most characters of the code of a problem.
const MAX_CODE: usize = 64;

/// The function.
pub struct ListMessages {
    front: Front,
    vault: Arc<Vault>,
    tokens: AccessTokens,
    mailbox: Arc<dyn Mailbox>,
    governor: Governor,
    pace: Pace,
}

impl ListMessages {
    /// Connects the function to its environment.
    ///
    /// # Errors
    /// If a variable is missing or bad.
    pub async fn connect(environment: Environment) -> Result<Self, BadVariable> {
        let variables = environment.variables();
        let (limits, storage) = (GmailLimits::read(&variables)?, Storage::read(&variables)?);
        let Backend { front, vault, server, http, endpoints } = Backend::connect(&environment).await?;
        let spending = Arc::new(DynamoDbSpending::new(&environment.aws, storage.table));
        let mailbox = Arc::new(GmailMailbox::new(http, endpoints.gmail));
        Ok(Self::new(front, vault, server, mailbox, spending, limits))
    }

    /// The function over a vault, whose access tokens are refreshed at that server and open that mailbox, within limits.
    pub fn new(
        front: Front,
        vault: Arc<Vault>,
        server: Arc<dyn AuthorizationServer>,
        mailbox: Arc<dyn Mailbox>,
        spending: Arc<dyn SpendingStore>,
        limits: GmailLimits,
    ) -> Self {
        let quota = Quota::new(limits.units_per_minute);
        Self {
            governor: Governor::new(spending, quota, front.clock.clone(), front.random.clone()),
            pace: Pace::new(limits.batches_at_once),
            tokens: AccessTokens::new(vault.clone(), server, front.secrets.clone()),
            mailbox,
            vault,
            front,
        }
    }

    async fn list(
        &self,
        route: &'static Route,
        request: &Request,
        visit: &Visit<'_>,
        spent: &AtomicU64,
        deadline: Deadline,
    ) -> Result<Response, Refusal> {
        let caller = Caller::of(&self.front, route, request, visit).await?;
        let parameters = Parameters::read(request)?;
        let account = self.governor.account(caller.user_id(), deadline);
        let mut ahead = self.ahead(account, &parameters, spent, deadline);
        let connection = match &mut ahead {
            Some(ahead) => ahead.beside(caller.connection(&self.vault)).await?,
            None => caller.connection(&self.vault).await?,
        };
        let scopes = connection.scopes.iter().cloned().collect();
        let refusal = |failure| {
            let missing = self.front.deployment.scopes.missing_from(&scopes);
            problem_of(failure, caller.user_id(), missing)
        };
        let access = self.tokens.obtain(connection, None, deadline).await.map_err(|error| refusal(error.into()))?;
        let ahead = ahead.filter(|ahead| ahead.is_with(&access.token));
        let (random, pace) = (&*self.front.random, &self.pace);
        let gmail = Gmail::new(&*self.mailbox, &self.tokens, random, (account, spent), access, pace, deadline);
        let listing = Listing::new(gmail, ahead, account, parameters, pace.most(), deadline);
        let listed = listing.run().await.map_err(refusal)?;
        let response = Response::json("ok", listed.body);
        Ok(match listed.more_in {
            Some(wait) => response.with_header("retry-after", whole_seconds(wait).to_string()),
            None => response,
        })
    }

    /// The first page of a listing, asked for with the access token that this instance used before.
    fn ahead<'a>(
        &'a self,
        account: Account<'a>,
        parameters: &Parameters,
        spent: &AtomicU64,
        deadline: Deadline,
    ) -> Option<Ahead<'a>> {
        let page_token = parameters.from.page()?.token();
        let max_results = listing::first_page(parameters, account, self.pace.most())?;
        let token = self.vault.access_token_at_hand(account.user_id())?;
        spent.fetch_add(units(true, 0), Ordering::Relaxed);
        let page = PageRequest { query: &parameters.query, max_results, page_token };
        Some(Ahead::ask(&*self.mailbox, account, token, &page, gmail::page_timeout(deadline)))
    }

    /// A refusal as the caller takes it: a browser that navigates is led to consent, everyone else is told.
    fn refuse(route: &'static Route, request: &Request, visit: &Visit<'_>, refusal: &Refusal) -> Response {
        let navigates = *route == OWN && Preference::of(request.header("accept")) == Preference::Html;
        let Some(way) = refusal.way.as_ref().filter(|_| navigates) else {
            return refusal.to_problem(visit).to_response();
        };
        let here = here(request);
        let way = Reauthorization { return_to: Some(&here), ..way.into() };
        match brought_back(request) {
            // To lead on from here by itself would go round in circles: the person decides. The page tells what the callback
            // said; status and log tell what this is, for anyone can write an `error` into the address.
            Some(kind) => {
                let page = Page::of_problem(&kind.into(), request, Some(&way.path()));
                Response { status_code: refusal.problem.status(), outcome: refusal.problem.code(), ..page }
            }
            None => Response::redirect(302, refusal.problem.code(), way.path()),
        }
    }
}

/// The failure that the callback brought the browser back here with.
fn brought_back(request: &Request) -> Option<Kind> {
    let query = Query::parse(&request.query);
    let code = query.single("error", MAX_CODE).ok()??;
    Kind::ALL.into_iter().find(|kind| kind.row().code == code)
}

/// The path and query of a request, to return to: without what the callback added, and without the query if that is
/// too long to be returned to.
fn here(request: &Request) -> String {
    let asked = |pair: &&str| !pair.starts_with("error=") && !pair.starts_with("state=") && !pair.is_empty();
    let query = request.query.split('&').filter(asked).collect::<Vec<_>>().join("&");
    let whole = format!("{}?{query}", request.path);
    let fits = ReturnTo::parse(&whole, &[]).is_some();
    if fits && !query.is_empty() { whole } else { request.path.clone() }
}

#[async_trait]
impl Function for ListMessages {
    fn name(&self) -> &'static str {
        env!("CARGO_PKG_NAME")
    }

    fn routes(&self) -> &'static [Route] {
        &[OWN, USERS]
    }

    async fn handle(&self, route: &'static Route, request: &Request, deadline: Deadline) -> Response {
        let visit = match self.front.open(request, deadline).await {
            Ok(visit) => visit,
            Err(problem) => return problem.to_response(),
        };
        let spent = AtomicU64::new(0);
        let response = match self.list(route, request, &visit, &spent, deadline).await {
            Ok(response) => response,
            Err(refusal) => {
                // Gmail is not asked ahead again for whom a consent is missing.
                let user_id = refusal.way.as_ref().and_then(|way| way.user_id.as_ref());
                user_id.inspect(|user_id| self.vault.forget_access_token(user_id));
                Self::refuse(route, request, &visit, &refusal)
            }
        };
        match spent.into_inner() {
            0 => response,
            units => response.with_header(QUOTA_UNITS, units.to_string()),
        }
    }

    async fn upkeep(&self) {
        self.front.secrets.refresh().await;
    }
}
