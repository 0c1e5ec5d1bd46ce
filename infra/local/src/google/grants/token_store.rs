//! How codes and tokens are kept, found and lost.

use shared::domain::time::Timestamp;

use super::{AccessToken, CODE_LIFETIME, Code, Grants, REFRESH_TOKENS, RefreshToken, UNUSED_LIFETIME};

impl Grants {
    /// Keeps a code, and forgets those that have expired.
    pub(in crate::google) fn put_code(&mut self, text: String, code: Code) {
        let now = code.issued_at;
        self.codes.retain(|_, code| now.since(code.issued_at) < CODE_LIFETIME);
        self.codes.insert(text, code);
    }

    /// A code that is neither used nor expired.
    pub(in crate::google) fn code(&self, text: &str, now: Timestamp) -> Option<&Code> {
        self.codes.get(text).filter(|code| now.since(code.issued_at) < CODE_LIFETIME)
    }

    /// A code is good for one exchange.
    pub(in crate::google) fn spend_code(&mut self, text: &str) {
        self.codes.remove(text);
    }

    /// Keeps a refresh token. Past the limit, the oldest of the same account and client dies without a word.
    pub(in crate::google) fn put_refresh_token(&mut self, token: RefreshToken) {
        let same = |known: &RefreshToken| !known.dead && known.sub == token.sub && known.client_id == token.client_id;
        if self.refresh_tokens.iter().filter(|known| same(known)).count() >= REFRESH_TOKENS
            && let Some(oldest) = self.refresh_tokens.iter_mut().find(|known| same(known))
        {
            oldest.dead = true;
        }
        self.refresh_tokens.push(token);
    }

    /// A refresh token, alive or dead.
    pub(in crate::google) fn refresh_token(&mut self, text: &str) -> Option<&mut RefreshToken> {
        self.refresh_tokens.iter_mut().find(|known| known.token == text)
    }

    /// The refresh tokens of an account and client that still work.
    pub(in crate::google) fn live_refresh_tokens(&self, sub: &str, client_id: &str, now: Timestamp) -> Vec<&str> {
        let of_both = |token: &&RefreshToken| token.sub == sub && token.client_id == client_id && token.is_alive(now);
        self.refresh_tokens.iter().filter(of_both).map(|token| token.token.as_str()).collect()
    }

    /// Keeps an access token, and forgets those that have expired.
    pub(in crate::google) fn put_access_token(&mut self, text: String, token: AccessToken, now: Timestamp) {
        self.access_tokens.retain(|_, known| known.expires_at > now);
        self.access_tokens.insert(text, token);
    }

    /// An access token that still works.
    pub(in crate::google) fn access_token(&self, text: &str, now: Timestamp) -> Option<&AccessToken> {
        self.access_tokens.get(text).filter(|known| known.expires_at > now)
    }

    /// Ends the access tokens that an account's applications hold; their refresh tokens live on.
    pub(in crate::google) fn expire_access_tokens(&mut self, sub: &str) {
        self.access_tokens.retain(|_, token| token.sub != sub);
    }

    /// Account and client of a token of either kind that still works.
    pub(in crate::google) fn holder(&self, text: &str, now: Timestamp) -> Option<(String, String)> {
        let access = self.access_token(text, now).map(|token| (token.sub.clone(), token.client_id.clone()));
        let refresh = || {
            let found = self.refresh_tokens.iter().find(|token| token.token == text && token.is_alive(now))?;
            Some((found.sub.clone(), found.client_id.clone()))
        };
        access.or_else(refresh)
    }
}

impl RefreshToken {
    /// Whether the token still works.
    pub(in crate::google) fn is_alive(&self, now: Timestamp) -> bool {
        let expired = self.expires_at.is_some_and(|expiry| expiry <= now);
        !self.dead && !expired && now.since(self.used_at) < UNUSED_LIFETIME
    }
}
