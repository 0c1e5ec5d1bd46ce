//! Randomness that makes waits short and tells of them.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use shared::domain::random::{NoRandomness, Random, SystemRandomness};

/// How many random bytes the jitter of a wait takes; nothing else takes as few.
const JITTER_BYTES: usize = 4;

type Hook = Box<dyn FnOnce() + Send>;

/// The system's randomness, but the jitter of every wait before another try is the shortest that there is.
#[derive(Default)]
pub struct TestRandom {
    system: SystemRandomness,
    waits: AtomicUsize,
    at_next_wait: Mutex<Option<Hook>>,
}

impl TestRandom {
    /// How many times something was about to be tried again.
    pub fn waits(&self) -> usize {
        self.waits.load(Ordering::SeqCst)
    }

    /// Runs something the next time that something is about to be tried again.
    pub fn at_next_wait(&self, hook: impl FnOnce() + Send + 'static) {
        *self.at_next_wait.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hook));
    }
}

impl Random for TestRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        if buffer.len() != JITTER_BYTES {
            return self.system.fill(buffer);
        }
        self.waits.fetch_add(1, Ordering::SeqCst);
        let hook = self.at_next_wait.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(hook) = hook {
            hook();
        }
        buffer.fill(0);
        Ok(())
    }
}

impl fmt::Debug for TestRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestRandom").field("waits", &self.waits).finish_non_exhaustive()
    }
}
