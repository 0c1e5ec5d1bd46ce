//! The rules of consent: whom Google asks what, and what an answer leads to.

use shared::domain::random::NoRandomness;
use url::Url;

use super::{
    Account, EmulatedGoogle,
    authorization_request::{AuthorizationRequest, Refusal},
    authorization_response::{error, response},
    grants::{Code, Grant},
    lock,
    scopes::{Scopes, is_identity},
};

/// What a user does with an authorization request.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The e-mail address of the account to use.
    pub account: String,
    /// What the user allows.
    pub granted: Granted,
}

/// What a user allows.
#[derive(Clone, Debug)]
pub enum Granted {
    /// Every box is ticked.
    All,
    /// These boxes are ticked; identity scopes have none and are always granted.
    Only(Vec<String>),
    /// Cancel.
    Deny,
}

/// Why an authorization request led nowhere.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// Google shows this error on its own page.
    #[error("Google refuses the authorization request: {error} ({status}): {detail}")]
    Refused {
        /// The HTTP status of the page.
        status: u16,
        /// The error code, such as `redirect_uri_mismatch`.
        error: &'static str,
        /// Google's explanation.
        detail: String,
    },
    /// Not a URL.
    #[error("the authorization URL is not a URL")]
    InvalidUrl(#[from] url::ParseError),
    /// There is no such account.
    #[error("there is no such account")]
    UnknownAccount,
    /// The machine has no randomness to give.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl From<Refusal> for ConsentError {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, error, detail } = refusal;
        Self::Refused { status, error, detail }
    }
}

/// What comes next for the browser.
pub(super) enum Step<'a> {
    /// The user chooses an account.
    ChooseAccount,
    /// The user is asked for these scopes.
    Ask(&'a Account, Scopes),
    /// Back to the application.
    Redirect(String),
}

impl Decision {
    /// The user allows everything.
    pub fn all(account: &str) -> Self {
        Self { account: account.to_owned(), granted: Granted::All }
    }

    /// The user ticks only these scopes.
    pub fn only(account: &str, scopes: &[&str]) -> Self {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Self { account: account.to_owned(), granted: Granted::Only(scopes) }
    }

    /// The user cancels.
    pub fn deny(account: &str) -> Self {
        Self { account: account.to_owned(), granted: Granted::Deny }
    }
}

impl EmulatedGoogle {
    /// Goes through the pages of an authorization request as a user would, and returns where they lead: the URL that
    /// the browser is redirected to. As with the pages, the decision does not matter where nothing is asked.
    ///
    /// # Errors
    /// If Google would show an error on its own page, or there is no such account.
    pub fn consent(&self, authorization_url: &str, decision: &Decision) -> Result<String, ConsentError> {
        let url = Url::parse(authorization_url)?;
        let request = self.authorization_request(url.query().unwrap_or_default())?;
        let account = self.account(&decision.account).ok_or(ConsentError::UnknownAccount)?;
        match self.step(&request, Some(account))? {
            Step::Redirect(location) => Ok(location),
            Step::ChooseAccount | Step::Ask(..) => Ok(self.decide(&request, account, &decision.granted)?),
        }
    }

    pub(super) fn authorization_request(&self, query: &str) -> Result<AuthorizationRequest, Refusal> {
        AuthorizationRequest::parse(query, &lock(&self.0.clients))
    }

    /// The account that needs no choosing: the one the request names, unless it wants the user to choose.
    pub(super) fn hinted(&self, request: &AuthorizationRequest) -> Option<&Account> {
        let hint = request.login_hint.as_deref().filter(|_| !request.prompt.select_account)?;
        self.account(hint)
    }

    /// The next step for a request, with the account that was named or chosen.
    pub(super) fn step<'a>(
        &self,
        request: &AuthorizationRequest,
        account: Option<&'a Account>,
    ) -> Result<Step<'a>, NoRandomness> {
        if request.prompt.none {
            return self.silently(request).map(Step::Redirect);
        }
        let Some(account) = account else { return Ok(Step::ChooseAccount) };
        if self.needs_consent(request, account) {
            return Ok(Step::Ask(account, self.to_ask(request, account)));
        }
        self.code(request, account, false).map(Step::Redirect)
    }

    /// `prompt=none`: a code without any page, or an error on the redirect (OpenID Connect Core §3.1.2.6).
    fn silently(&self, request: &AuthorizationRequest) -> Result<String, NoRandomness> {
        match (self.hinted(request), &request.login_hint) {
            (Some(account), _) if self.needs_consent(request, account) => Ok(error(request, "interaction_required")),
            (Some(account), _) => self.code(request, account, false),
            (None, Some(_)) => Ok(error(request, "login_required")),
            (None, None) => Ok(error(request, "account_selection_required")),
        }
    }

    /// What an answer to the consent page leads to.
    pub(super) fn decide(
        &self,
        request: &AuthorizationRequest,
        account: &Account,
        granted: &Granted,
    ) -> Result<String, NoRandomness> {
        let asked = self.to_ask(request, account);
        let ticked: Scopes = match granted {
            Granted::Deny => return Ok(error(request, "access_denied")),
            Granted::All => asked.clone(),
            Granted::Only(scopes) => asked.iter().filter(|scope| scopes.contains(scope)).cloned().collect(),
        };
        let untouched = request.scopes.difference(&asked).cloned();
        let scopes: Scopes = untouched.chain(ticked).collect();
        if scopes.is_empty() {
            return Ok(error(request, "access_denied"));
        }
        self.grants().allow(Grant {
            sub: account.sub.clone(),
            client_id: request.client_id.clone(),
            scopes: scopes.clone(),
            offline: request.offline,
            granted_at: self.0.clock.now(),
        });
        self.code_for(request, account, scopes, true)
    }

    fn needs_consent(&self, request: &AuthorizationRequest, account: &Account) -> bool {
        let grants = self.grants();
        let granted = grants
            .find(&account.sub, &request.client_id)
            .is_some_and(|grant| grant.scopes.is_superset(&request.scopes) && (grant.offline || !request.offline));
        request.prompt.consent || !granted
    }

    /// The scopes that get a tick box: all but identity, and only new ones unless consent is asked for once more.
    fn to_ask(&self, request: &AuthorizationRequest, account: &Account) -> Scopes {
        let grants = self.grants();
        let known = grants.find(&account.sub, &request.client_id).filter(|_| !request.prompt.consent);
        let is_new = |scope: &&String| known.is_none_or(|grant| !grant.scopes.contains(*scope));
        request.scopes.iter().filter(|scope| !is_identity(scope)).filter(is_new).cloned().collect()
    }

    fn code(&self, request: &AuthorizationRequest, account: &Account, shown: bool) -> Result<String, NoRandomness> {
        self.code_for(request, account, request.scopes.clone(), shown)
    }

    fn code_for(
        &self,
        request: &AuthorizationRequest,
        account: &Account,
        mut scopes: Scopes,
        consent_was_shown: bool,
    ) -> Result<String, NoRandomness> {
        let text = self.mint("4/0A", 1)?;
        let mut grants = self.grants();
        if let Some(grant) = grants.find(&account.sub, &request.client_id).filter(|_| request.include_granted_scopes) {
            scopes.extend(grant.scopes.iter().cloned());
        }
        let location = response(request, &text, &scopes, consent_was_shown);
        let code = Code {
            sub: account.sub.clone(),
            client_id: request.client_id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            scopes,
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            refresh: request.offline && consent_was_shown,
            issued_at: self.0.clock.now(),
        };
        grants.put_code(text, code);
        Ok(location)
    }
}
