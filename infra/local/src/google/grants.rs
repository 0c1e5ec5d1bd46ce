//! What users have granted, and the codes and tokens that came of it: pure rules, no I/O.
//!
//! Facts: <https://developers.google.com/identity/protocols/oauth2#expiration>.

mod token_store;

use std::{collections::HashMap, time::Duration};

use serde::{Deserialize, Serialize};
use shared::domain::time::Timestamp;

use super::{
    authorization_request::CodeChallenge,
    scopes::{EMAIL, PROFILE, Scopes},
};

/// How long an authorization code lives.
pub(super) const CODE_LIFETIME: Duration = Duration::from_mins(10);
/// How long an access token lives.
pub(super) const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(3599);
/// How long a refresh token lives without being used: half a year.
pub(super) const UNUSED_LIFETIME: Duration = Duration::from_hours(182 * 24);
/// How long a refresh token of an application in testing lives: a week.
pub(super) const TESTING_LIFETIME: Duration = Duration::from_hours(7 * 24);
/// How many refresh tokens of one account and client live at once.
pub(super) const REFRESH_TOKENS: usize = 100;

/// All grants of the emulated Google.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct Grants {
    given: Vec<Grant>,
    /// Grants that ended otherwise than by the application's own wish: it still hears of the account.
    #[serde(default)]
    former: Vec<Grant>,
    codes: HashMap<String, Code>,
    refresh_tokens: Vec<RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
}

/// What one account allowed one client.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Grant {
    pub(super) sub: String,
    pub(super) client_id: String,
    pub(super) scopes: Scopes,
    pub(super) offline: bool,
    pub(super) granted_at: Timestamp,
}

/// What an authorization code stands for.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Code {
    pub(super) sub: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: Scopes,
    pub(super) challenge: Option<CodeChallenge>,
    pub(super) nonce: Option<String>,
    /// Whether a refresh token comes with it.
    pub(super) refresh: bool,
    pub(super) issued_at: Timestamp,
}

#[derive(Clone, Deserialize, Serialize)]
pub(super) struct RefreshToken {
    pub(super) token: String,
    pub(super) sub: String,
    pub(super) client_id: String,
    pub(super) scopes: Scopes,
    pub(super) used_at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) dead: bool,
    pub(super) needs_reauthentication: bool,
}

#[derive(Clone, Deserialize, Serialize)]
pub(super) struct AccessToken {
    pub(super) sub: String,
    pub(super) client_id: String,
    pub(super) scopes: Scopes,
    pub(super) expires_at: Timestamp,
}

impl Grants {
    pub(super) fn find(&self, sub: &str, client_id: &str) -> Option<&Grant> {
        self.given.iter().find(|grant| grant.sub == sub && grant.client_id == client_id)
    }

    /// The grants of an account.
    pub(super) fn of(&self, sub: &str) -> Vec<Grant> {
        self.given.iter().filter(|grant| grant.sub == sub).cloned().collect()
    }

    /// The clients that hear what happens to an account: those that were allowed to know who it belongs to.
    pub(super) fn audience(&self, sub: &str) -> Vec<String> {
        let knows = |grant: &&Grant| grant.scopes.contains(EMAIL) || grant.scopes.contains(PROFILE);
        let grants = self.given.iter().chain(&self.former).filter(|grant| grant.sub == sub);
        grants.filter(knows).map(|grant| grant.client_id.clone()).collect()
    }

    /// Adds what was allowed to what was allowed before.
    pub(super) fn allow(&mut self, grant: Grant) {
        self.former.retain(|former| !former.is_of(&grant.sub, &grant.client_id));
        match self.given.iter_mut().find(|known| known.is_of(&grant.sub, &grant.client_id)) {
            Some(known) => {
                known.scopes.extend(grant.scopes);
                known.offline |= grant.offline;
            }
            None => self.given.push(grant),
        }
    }

    /// Ends a grant and every code and token of it.
    pub(super) fn end(&mut self, sub: &str, client_id: &str) {
        self.former.extend(self.given.extract_if(.., |grant| grant.is_of(sub, client_id)));
        self.codes.retain(|_, code| !(code.sub == sub && code.client_id == client_id));
        self.access_tokens.retain(|_, token| !(token.sub == sub && token.client_id == client_id));
        let ended = |token: &&mut RefreshToken| token.sub == sub && token.client_id == client_id;
        self.refresh_tokens.iter_mut().filter(ended).for_each(|token| token.dead = true);
    }

    /// Ends a grant by the client's own wish.
    pub(super) fn give_back(&mut self, sub: &str, client_id: &str) {
        self.end(sub, client_id);
        self.former.retain(|grant| !grant.is_of(sub, client_id));
    }

    /// Ends all grants of an account.
    pub(super) fn end_all(&mut self, sub: &str) {
        for grant in self.of(sub) {
            self.end(sub, &grant.client_id);
        }
    }

    /// The refresh tokens of an account that live now work no longer: it has to sign in and consent again.
    pub(super) fn require_reauthentication(&mut self, sub: &str) {
        let tokens = self.refresh_tokens.iter_mut().filter(|token| token.sub == sub);
        tokens.for_each(|token| token.needs_reauthentication = true);
    }
}

impl Grant {
    fn is_of(&self, sub: &str, client_id: &str) -> bool {
        self.sub == sub && self.client_id == client_id
    }
}
