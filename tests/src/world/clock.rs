//! Time that passes when a test says so.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use shared::domain::time::{Clock, SystemClock, Timestamp};

/// A clock that stands still between two calls of [`advance`](TestClock::advance).
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl Default for TestClock {
    /// Starts at the present, which is the only time that real certificates and signatures agree to.
    fn default() -> Self {
        Self(AtomicI64::new(SystemClock.now().unix_millis()))
    }
}

impl TestClock {
    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().after(duration));
    }

    /// Sets the time.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.unix_millis(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}
