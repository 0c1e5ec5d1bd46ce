//! Stops: the moment at which a client dies, as seen from here. The request arrives, and never is an answer to it.

use std::{convert::Infallible, future};

use tokio::sync::{oneshot, watch};

use super::Faults;
use crate::google::lock;

/// Whether the request at which it stops is carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// It is not.
    Before,
    /// It is, as if nothing were to happen.
    After,
}

/// A request that will not be answered. When this is dropped, the request ends with its connection broken, or the stop
/// is disarmed if the request has not come yet.
#[derive(Debug)]
pub struct Stop {
    reached: watch::Receiver<bool>,
    _held: oneshot::Sender<Infallible>,
}

impl Stop {
    /// Waits until the request is there and, if so agreed, carried out.
    pub async fn reached(&mut self) {
        if self.reached.wait_for(|reached| *reached).await.is_err() {
            // The emulator is gone before the request came, so it never will.
            future::pending::<()>().await;
        }
    }
}

/// A stop that waits for its request.
#[derive(Debug)]
pub(super) struct Armed {
    left: usize,
    stopped: Stopped,
}

/// The stop of the request at hand.
#[derive(Debug)]
pub(in crate::google) struct Stopped {
    pub(in crate::google) when: When,
    reached: watch::Sender<bool>,
    released: oneshot::Receiver<Infallible>,
}

impl Stopped {
    /// Tells that the stop is reached, and waits for its end.
    pub(in crate::google) async fn hold(self) {
        self.reached.send_replace(true);
        // An error says that the stop is dropped.
        let _ = self.released.await;
    }
}

impl Faults {
    /// Stops at the `nth` request from now, of all endpoints together; 1 is the next.
    pub fn stop_at(&self, nth: usize, when: When) -> Stop {
        let (reached, watched) = watch::channel(false);
        let (held, released) = oneshot::channel();
        let stopped = Stopped { when, reached, released };
        lock(&self.stops).push(Armed { left: nth.max(1), stopped });
        Stop { reached: watched, _held: held }
    }

    /// Counts a request, and says whether it is one to stop at.
    pub(in crate::google) fn stop(&self) -> Option<Stopped> {
        let mut stops = lock(&self.stops);
        stops.retain(|armed| !armed.stopped.reached.is_closed());
        stops.iter_mut().for_each(|armed| armed.left = armed.left.saturating_sub(1));
        let found = stops.iter().position(|armed| armed.left == 0)?;
        Some(stops.swap_remove(found).stopped)
    }
}
