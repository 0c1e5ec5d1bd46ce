//! Time that stands and randomness that repeats itself, so that an input does the same whenever it is tried.

use std::time::Duration;

use shared::domain::{
    random::{NoRandomness, Random},
    time::{Clock, Timestamp},
};

/// The present, always.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_318_652);
/// How long an invocation may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Time that stands.
pub(crate) struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// The same bytes every time.
pub(crate) struct Repeating;

impl Random for Repeating {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        for (byte, value) in buffer.iter_mut().zip((0u8..=255).cycle()) {
            *byte = value.wrapping_mul(151).wrapping_add(89);
        }
        Ok(())
    }
}
