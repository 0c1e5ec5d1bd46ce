//! The call at which an invocation dies: it is there, and never is an answer to it.

use local::{
    aws::{self, CrashPoint},
    google::{self, Stop},
};

use crate::world::World;

/// A call that will not be answered.
#[derive(Debug)]
pub enum Crash {
    /// A call to AWS.
    Aws(CrashPoint),
    /// A request to Google.
    Google(Stop),
}

impl Crash {
    /// At the `nth` call to AWS from now; 1 is the next.
    pub fn at_aws(world: &World, nth: usize, when: aws::When) -> Self {
        Self::Aws(world.aws.faults().stop_at(nth as u64, when))
    }

    /// At the `nth` request to Google from now; 1 is the next.
    pub fn at_google(world: &World, nth: usize, when: google::When) -> Self {
        Self::Google(world.google.faults().stop_at(nth, when))
    }

    /// Waits until the call is there.
    pub async fn reached(&mut self) {
        match self {
            Self::Aws(point) => point.reached().await,
            Self::Google(stop) => stop.reached().await,
        }
    }
}
