//! The time that one invocation may spend: a listing ends before it does.

use std::time::Duration;

use shared::function::Deadline;
use tokio::time::Instant;

/// The least time that a further page is begun with.
const LEAST_TIME: Duration = Duration::from_secs(1);

/// The budget of one invocation.
#[derive(Debug)]
pub(crate) struct Budget {
    deadline: Deadline,
    slowest: Duration,
}

impl Budget {
    /// A whole budget until the deadline.
    pub(crate) fn until(deadline: Deadline) -> Self {
        Self { deadline, slowest: Duration::ZERO }
    }

    /// Whether there is time for one more page, judged by the slowest so far.
    pub(crate) fn allows_page(&self) -> bool {
        self.deadline.remaining() > LEAST_TIME.max(self.slowest.mul_f32(1.5))
    }

    /// Remembers how long a page took.
    pub(crate) fn took(&mut self, since: Instant) {
        self.slowest = self.slowest.max(since.elapsed());
    }
}
