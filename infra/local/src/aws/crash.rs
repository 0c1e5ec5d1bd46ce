//! Crash points: a call after which a process that dies would not know whether it was carried out.

use tokio::sync::oneshot;

/// Whether the call at a crash point is carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// It is not.
    Before,
    /// It is.
    After,
}

/// A call that will be counted and never be answered; until it comes, dropping this disarms it.
#[derive(Debug)]
#[must_use = "a crash point that is dropped is disarmed"]
pub struct CrashPoint(oneshot::Receiver<()>);

impl CrashPoint {
    /// Waits until the call has come and, with [`When::After`], has been carried out.
    pub async fn reached(&mut self) {
        // The sender lives until the call comes: an error means that the stack is gone.
        let _ = (&mut self.0).await;
    }
}

/// The crash points that wait for their call.
#[derive(Debug, Default)]
pub(super) struct CrashPoints(Vec<Armed>);

/// The calls' side of a crash point.
#[derive(Debug)]
pub(super) struct Armed {
    remaining: u64,
    /// Whether the call is carried out.
    pub(super) when: When,
    reached: oneshot::Sender<()>,
}

impl Armed {
    /// Tells the crash point that its call is over.
    pub(super) fn reach(self) {
        let _ = self.reached.send(());
    }
}

impl CrashPoints {
    /// Waits for the `nth` call from now; the next one is the first.
    pub(super) fn arm(&mut self, nth: u64, when: When) -> CrashPoint {
        let (reached, receiver) = oneshot::channel();
        self.0.push(Armed { remaining: nth.max(1), when, reached });
        CrashPoint(receiver)
    }

    /// Counts a call; the crash point whose call it is.
    pub(super) fn count(&mut self) -> Option<Armed> {
        self.0.retain(|point| !point.reached.is_closed());
        for point in &mut self.0 {
            point.remaining = point.remaining.saturating_sub(1);
        }
        let index = self.0.iter().position(|point| point.remaining == 0)?;
        Some(self.0.remove(index))
    }
}
