//! What one invocation may spend: time, quota, and room in the answer. A listing ends before any of them does.

use std::time::Duration;

use shared::{
    domain::mailbox::{UNITS_OF_MESSAGE, UNITS_OF_PAGE},
    function::Deadline,
};
use tokio::time::Instant;

/// Gmail's quota for each user and minute, for projects since May 2026
/// ([usage limits](https://developers.google.com/workspace/gmail/api/reference/quota)). No invocation lasts a minute.
const UNITS: u64 = 6_000;
/// The least time that a further page is begun with.
const LEAST_TIME: Duration = Duration::from_secs(1);

/// The budget of one invocation.
#[derive(Debug)]
pub(crate) struct Budget {
    deadline: Deadline,
    units: u64,
    slowest: Duration,
}

impl Budget {
    /// A whole budget until the deadline.
    pub(crate) fn until(deadline: Deadline) -> Self {
        Self { deadline, units: UNITS, slowest: Duration::ZERO }
    }

    /// Whether there is time for one more page, judged by the slowest so far, and quota for it and one message.
    pub(crate) fn allows_page(&self, messages: bool) -> bool {
        let units = UNITS_OF_PAGE + if messages { UNITS_OF_MESSAGE } else { 0 };
        let time = LEAST_TIME.max(self.slowest.mul_f32(1.5));
        self.units >= units && self.deadline.remaining() > time
    }

    /// How many messages there is quota for after a page.
    pub(crate) fn messages(&self) -> u64 {
        self.units.saturating_sub(UNITS_OF_PAGE) / UNITS_OF_MESSAGE
    }

    /// Spends the quota of a page.
    pub(crate) fn spend_page(&mut self) {
        self.units = self.units.saturating_sub(UNITS_OF_PAGE);
    }

    /// Spends the quota of messages.
    pub(crate) fn spend_messages(&mut self, messages: usize) {
        let units = UNITS_OF_MESSAGE.saturating_mul(u64::try_from(messages).unwrap_or(u64::MAX));
        self.units = self.units.saturating_sub(units);
    }

    /// Remembers how long a page took.
    pub(crate) fn took(&mut self, since: Instant) {
        self.slowest = self.slowest.max(since.elapsed());
    }
}
