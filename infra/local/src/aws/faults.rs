//! What goes wrong on purpose: faults, gates that stop a call before it is executed, crash points, and counts of calls.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    crash::{Armed, CrashPoint, CrashPoints, When},
    event_bus::FailedEntries,
};

/// What happens to calls of an operation instead of their answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AwsFault {
    /// How many calls it happens to; without a number, all until [`Faults::clear`].
    pub times: Option<u32>,
    /// What happens.
    pub effect: Effect,
}

impl AwsFault {
    /// The effect on every call.
    pub fn always(effect: Effect) -> Self {
        Self { times: None, effect }
    }

    /// The effect on the next calls only.
    pub fn times(times: u32, effect: Effect) -> Self {
        Self { times: Some(times), effect }
    }
}

/// What happens to a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// An answer with that status and the service's internal error.
    Status(u16),
    /// A throttling error, by the name that the service has for it.
    Throttle,
    /// An answer with status 400 and that exception.
    Error {
        /// The exception's name, such as `AccessDeniedException`.
        code: String,
    },
    /// No answer, ever.
    Hang,
    /// The connection is cut; the call is not executed.
    Disconnect,
    /// The call is executed, and then the connection is cut.
    LoseAnswer,
    /// The answer comes that much later.
    Delay(Duration),
    /// Of `PutEvents`: the answer has status 200, and says of these entries that they failed. Other calls are as ever.
    FailEntries(FailedEntries),
}

/// What becomes of a call that has come in.
#[derive(Debug)]
pub(super) enum Course {
    /// It is answered, with that effect if there is one.
    Answered(Option<Effect>),
    /// It is never answered.
    Crash(Armed),
}

/// A stop before the next call of an operation.
#[derive(Debug)]
#[must_use = "a gate that is dropped stands open"]
pub struct Gate {
    reached: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Gate {
    /// Waits until a call stands before the gate, not executed yet.
    pub async fn reached(&mut self) {
        // The sender lives as long as the gate has not been reached: an error means that the stack is gone.
        let _ = (&mut self.reached).await;
    }

    /// Lets the call through.
    pub fn release(self) {
        let _ = self.release.send(());
    }
}

/// Faults, gates and counts, by operation (`KMS.Decrypt`) or by service (`KMS`), and crash points over all of them.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    calls: BTreeMap<String, u64>,
    faults: BTreeMap<String, AwsFault>,
    gates: BTreeMap<String, VecDeque<Stop>>,
    crash_points: CrashPoints,
}

/// The call's side of a gate.
#[derive(Debug)]
struct Stop {
    reached: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

impl Faults {
    /// Makes the calls of an operation or a service fail from now on; replaces an earlier fault of that name.
    pub fn fail(&self, name: &str, fault: AwsFault) {
        self.lock().faults.insert(name.to_owned(), fault);
    }

    /// Ends the fault of that name.
    pub fn clear(&self, name: &str) {
        self.lock().faults.remove(name);
    }

    /// Stops the next call of an operation before it is executed; several gates stop as many calls.
    pub fn hold(&self, name: &str) -> Gate {
        let (reached, gate_reached) = oneshot::channel();
        let (release, released) = oneshot::channel();
        self.lock().gates.entry(name.to_owned()).or_default().push_back(Stop { reached, released });
        Gate { reached: gate_reached, release }
    }

    /// Makes the `nth` call from now, over all services, one that is never answered; the next call is the first.
    pub fn stop_at(&self, nth: u64, when: When) -> CrashPoint {
        self.lock().crash_points.arm(nth, when)
    }

    /// How many calls of an operation or a service came in, whatever became of them.
    pub fn calls(&self, name: &str) -> u64 {
        let inner = self.lock();
        let matching = inner.calls.iter().filter(|(operation, _)| covers(name, operation));
        matching.map(|(_, count)| count).sum()
    }

    /// Counts a call, waits at its gate if there is one, and takes its crash point or its fault.
    pub(super) async fn enter(&self, operation: &str) -> Course {
        let (stop, crash) = self.count(operation);
        if let Some(stop) = stop {
            // Who made the gate may have dropped it: then it stands open.
            let _ = stop.reached.send(());
            let _ = stop.released.await;
        }
        crash.map_or_else(|| Course::Answered(self.take(operation)), Course::Crash)
    }

    fn count(&self, operation: &str) -> (Option<Stop>, Option<Armed>) {
        let mut inner = self.lock();
        *inner.calls.entry(operation.to_owned()).or_default() += 1;
        let mut gates = inner.gates.iter_mut().filter(|(name, _)| covers(name, operation));
        let stop = gates.find_map(|(_, waiting)| waiting.pop_front());
        (stop, inner.crash_points.count())
    }

    fn take(&self, operation: &str) -> Option<Effect> {
        let mut inner = self.lock();
        let fault = inner.faults.iter_mut().find(|(name, fault)| covers(name, operation) && fault.times != Some(0))?.1;
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        Some(fault.effect.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn covers(name: &str, operation: &str) -> bool {
    operation.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
