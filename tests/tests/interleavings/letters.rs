//! The security events that Google wrote: each may arrive at any time, and again.

use std::sync::MutexGuard;

use shared::domain::time::Clock;
use tests::security_event::{about, about_token, saying};

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
        let about_user = about(USERS[user]);
        let until = Ends::Until(self.world.clock.now().unix_seconds() * 1000);
        let (family, name, payload, ends) = match event {
            Event::AccountDisabled => ("risc", "account-disabled", about_user, until),
            Event::SessionsRevoked => ("risc", "sessions-revoked", about_user, Ends::Nothing),
            Event::TokensRevoked => ("oauth", "tokens-revoked", about_user, until),
            Event::TokenRevoked => {
                let Some(token) = self.live_refresh_token(user) else { return };
                ("oauth", "token-revoked", about_token(&token), Ends::Token(token))
            }
        };
        let token = saying(&self.world, family, name, &payload);
        self.letters().push(Letter { user, token, ends, arrived: false, taken: false });
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
