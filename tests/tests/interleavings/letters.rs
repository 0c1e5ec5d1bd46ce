//! The security events that Google wrote: each may arrive at any time, and again.

use std::{collections::BTreeMap, sync::MutexGuard};

use serde_json::{Value, json};
use shared::domain::time::Clock;
use tests::world::{CLIENT_ID, sub};

use super::{
    actions::{Event, USERS},
    machine::Machine,
    user::Ends,
};

/// A security event that Google wrote.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) user: usize,
    pub(super) token: String,
    pub(super) ends: Ends,
    /// Whether it may have been acted on.
    pub(super) arrived: bool,
    /// Whether Google was told that it arrived, and does not send it again.
    pub(super) taken: bool,
}

impl Machine {
    /// Google writes an event, which lies ready from then on.
    pub(super) fn write(&self, user: usize, event: Event) {
        let now = self.world.clock.now();
        let subject =
            json!({"subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": sub(USERS[user])});
        let until = Ends::Until(now.unix_seconds() * 1000);
        let (kind, subject, ends) = match event {
            Event::AccountDisabled => ("risc/event-type/account-disabled", subject, until),
            Event::SessionsRevoked => ("risc/event-type/sessions-revoked", subject, Ends::Nothing),
            Event::TokensRevoked => ("oauth/event-type/tokens-revoked", subject, until),
            Event::TokenRevoked => {
                let Some(token) = self.live_refresh_token(user) else { return };
                let prefix: String = token.chars().take(16).collect();
                let subject = json!({"subject_type": "oauth_token", "token_type": "refresh_token",
                    "token_identifier_alg": "prefix", "token": prefix});
                ("oauth/event-type/token-revoked", subject, Ends::Token(token))
            }
        };
        let mut letters = self.letters();
        let events: BTreeMap<String, Value> =
            [(format!("https://schemas.openid.net/secevent/{kind}"), json!({"subject": subject}))].into();
        let token = self.world.google.security_event(&json!({
            "iss": "https://accounts.google.com/", "aud": CLIENT_ID, "iat": now.unix_seconds(),
            "jti": format!("event-{}", letters.len()), "events": events,
        }));
        letters.push(Letter { user, token, ends, arrived: false, taken: false });
    }

    /// The place of one of the letters about a user.
    pub(super) fn letter(&self, user: usize, back: usize) -> Option<usize> {
        let letters = self.letters();
        let of_user: Vec<_> = (0..letters.len()).rev().filter(|at| letters[*at].user == user).collect();
        of_user.get(back % of_user.len().max(1)).copied()
    }

    /// What Google will send again to a user's connection, as [`What::Deliver`] counts it.
    pub(super) fn untaken(&self, user: usize) -> Vec<usize> {
        let letters = self.letters();
        let of_user = letters.iter().rev().filter(|letter| letter.user == user).enumerate();
        of_user.filter(|(_, letter)| !letter.taken).map(|(back, _)| back).collect()
    }

    pub(super) fn letters(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap()
    }
}
