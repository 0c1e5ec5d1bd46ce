//! Who is calling: a browser whose user connected an account here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{time::Timestamp, user_id::UserId};

/// A browser's session. It says who is calling, not that access to the mailbox still works.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Session {
    /// Whose browser it is.
    pub user_id: UserId,
    /// When the account was connected in it.
    pub issued_at: Timestamp,
}

impl Session {
    /// Whether it is younger than the lifetime of sessions.
    pub fn is_live(&self, now: Timestamp, lifetime: Duration) -> bool {
        now < self.issued_at.after(lifetime)
    }
}
