//! What the functions that browsers reach have in common: where they are reached, their secrets, their cookies, and
//! the way back to consent.

use std::{sync::Arc, time::Duration};

use url::form_urlencoded;

use crate::{
    backend::secrets,
    config::{BadVariable, Browsers, Deployment},
    domain::{origin::Origin, random::Random, return_to::ReturnTo, time::Clock, user_id::UserId},
    function::{Deadline, Environment},
    http::{
        Request,
        cookie_jar::CookieJar,
        problem::{Kind, Problem},
    },
    secrets::{Secrets, SecretsError, Values},
};

/// The front of a deployment.
pub struct Front {
    /// What identifies it.
    pub deployment: Deployment,
    /// What it lets browsers do.
    pub browsers: Browsers,
    /// Its secrets.
    pub secrets: Arc<Secrets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl Front {
    /// Reads the variables and starts to read the secrets. If those cannot be read, the first request tries again.
    ///
    /// # Errors
    /// If a variable is missing or bad.
    pub async fn connect(environment: &Environment) -> Result<Self, BadVariable> {
        let variables = environment.variables();
        let (deployment, browsers) = (Deployment::read(&variables)?, Browsers::read(&variables)?);
        let (clock, random) = (environment.clock.clone(), environment.random.clone());
        let cookie_key = Some(browsers.cookie_key_secret_id.clone());
        let secrets = secrets(environment, deployment.client_secret_id.clone(), cookie_key).await;
        Ok(Self { deployment, browsers, secrets, clock, random })
    }

    /// Where the request reached us, and what the secrets hold.
    ///
    /// # Errors
    /// If the secrets cannot be used, or there is no telling where we are reached.
    pub async fn open(&self, request: &Request, deadline: Deadline) -> Result<Visit<'_>, Problem> {
        let values = deadline.bound(self.secrets.values()).await.ok_or_else(unavailable)?;
        let values = values.map_err(|error| secrets_problem(&error))?;
        let own = || Origin::of_host(&request.domain_name);
        let Some(origin) = self.deployment.public_origin.clone().or_else(own) else {
            tracing::error!("the event names no host; set PUBLIC_BASE_URL");
            return Err(Kind::Misconfigured.into());
        };
        Ok(Visit { front: self, values, origin })
    }

    /// A place that the browser may be sent to.
    pub fn return_to(&self, text: &str) -> Option<ReturnTo> {
        ReturnTo::parse(text, &self.browsers.allowed_return_origins)
    }
}

/// One request at the front.
pub struct Visit<'a> {
    front: &'a Front,
    /// What the secrets hold.
    pub values: Arc<Values>,
    /// Where we are reached.
    pub origin: Origin,
}

impl Visit<'_> {
    /// The browser's cookies.
    pub fn jar(&self) -> CookieJar<'_> {
        CookieJar {
            keys: &self.values.cookie_keys,
            random: &*self.front.random,
            plain_http: self.origin.is_plain_http(),
        }
    }

    /// The same visit after a cookie of ours did not open, for its key may have been rotated.
    ///
    /// # Errors
    /// If the secrets cannot be used.
    pub async fn after_rotation(&self) -> Result<Self, Problem> {
        let values = self.front.secrets.values_after_rotation().await;
        let values = values.map_err(|error| secrets_problem(&error))?;
        Ok(Self { front: self.front, values, origin: self.origin.clone() })
    }

    /// The redirect URI, if the client secret file has it; else a log line names the URI to register.
    ///
    /// # Errors
    /// If Google would refuse it.
    pub fn redirect_uri(&self) -> Result<String, Problem> {
        let redirect_uri = format!("{}/callback", self.origin);
        if self.values.client.redirect_uris.contains(&redirect_uri) {
            return Ok(redirect_uri);
        }
        tracing::error!(
            redirect_uri,
            "the redirect URI is not one of the OAuth client's; register it in Google's console, download \
             client_secret.json again and put it into the secret"
        );
        Err(Kind::Misconfigured.into())
    }

    /// The address where a user's consent is asked for.
    pub fn authorization_url(&self, way: &Reauthorization<'_>) -> String {
        format!("{}{}", self.origin, way.path())
    }
}

/// A way back to consent, through our own `/authorize`, which sets the cookie that the callback asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reauthorization<'a> {
    /// The account, where it is known.
    pub user_id: Option<&'a UserId>,
    /// Whether consent has to be asked for, because no usable refresh token is stored.
    pub consent: bool,
    /// Where the browser goes afterwards.
    pub return_to: Option<&'a str>,
    /// The caller's own value.
    pub state: Option<&'a str>,
}

impl Reauthorization<'_> {
    /// The path on this API.
    pub fn path(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.user_id.map(|user_id| ("login_hint", user_id.as_str())));
        query.extend_pairs(self.consent.then_some(("prompt", "consent")));
        query.extend_pairs(self.return_to.map(|return_to| ("return_to", return_to)));
        query.extend_pairs(self.state.map(|state| ("state", state)));
        let query = query.finish();
        if query.is_empty() { "/authorize".to_owned() } else { format!("/authorize?{query}") }
    }
}

/// What callers are told when the secrets cannot be used; the log says what is wrong.
pub fn secrets_problem(error: &SecretsError) -> Problem {
    tracing::error!(%error, "the secrets cannot be used");
    match error {
        SecretsError::Unavailable(_) => unavailable(),
        SecretsError::NoValue { .. } | SecretsError::Client { .. } | SecretsError::CookieKey { .. } => {
            Kind::Misconfigured.into()
        }
    }
}

/// What callers are told when the account's organization forbids it; the log names who can allow it.
pub fn blocked_by_policy() -> Problem {
    tracing::warn!(
        "the organization's policy blocks the OAuth client; its administrator can allow it in the Admin console, under \
         API controls"
    );
    Kind::BlockedByPolicy.into()
}

/// What callers are told when our own store or key fails.
pub fn unavailable() -> Problem {
    Problem::from(Kind::Unavailable).with_retry_after(Duration::from_secs(5))
}
