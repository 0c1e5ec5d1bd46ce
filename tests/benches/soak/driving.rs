//! Asks one instance, again and again, and has every answer checked.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use local::google::{Effect, Endpoint, Fault, Faults};
use tests::{PATIENCE, runtime_api::FunctionProcess};
use tokio::{
    sync::{Mutex, RwLockReadGuard, RwLockWriteGuard},
    time::{MissedTickBehavior, interval},
};

use crate::{
    caller::{Caller, Question},
    observed::Observed,
    stage::Stage,
};

/// A process of a function.
pub(crate) struct Instance {
    pub(crate) function: &'static str,
    pub(crate) process: FunctionProcess,
    pub(crate) stage: Arc<Stage>,
}

/// What a request holds while it is under way.
enum Leave<'a> {
    Beside { _others: RwLockReadGuard<'a, ()> },
    Alone { faults: &'a Faults, _all: RwLockWriteGuard<'a, ()> },
}

/// What one request was answered is not what the next one is.
impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if let Self::Alone { faults, .. } = self {
            faults.clear(Endpoint::List);
        }
    }
}

/// Asks an instance so many times a second at most, until the time is over.
pub(crate) async fn drive(rate: f64, instance: &Instance, caller: &Mutex<Caller>, observed: &Observed) {
    let mut caller = caller.lock().await;
    let mut pace = interval(Duration::from_secs_f64(1.0 / rate));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while observed.goes_on() {
        pace.tick().await;
        match AssertUnwindSafe(instance.ask(&mut caller)).catch_unwind().await {
            Ok(took) => observed.answered(instance.function, took),
            Err(panic) => observed.wrong(&format!("{}: {}", instance.function, said(&*panic))),
        }
    }
}

impl Instance {
    /// One request, and what is to be said of its answer; how long it took.
    async fn ask(&self, caller: &mut Caller) -> Duration {
        let Question { event, instead } = caller.ask();
        let event = event.json();
        let leave = self.leave(instead).await;
        let answered = self.process.invoke_timed(&event, PATIENCE).await;
        let (response, took) = answered.unwrap_or_else(|error| panic!("{error}"));
        drop(leave);
        caller.hear(self.function, &event, response).await;
        took
    }

    /// Who is answered otherwise is so alone, and as often as Gmail is asked: a list that was asked for with an access token
    /// that another instance has replaced meanwhile is asked for again.
    async fn leave(&self, instead: Option<Effect>) -> Leave<'_> {
        let Some(effect) = instead else { return Leave::Beside { _others: self.stage.traffic.read().await } };
        let all = self.stage.traffic.write().await;
        let faults = self.stage.world.google.faults();
        faults.inject(Endpoint::List, Fault { times: None, effect });
        Leave::Alone { faults, _all: all }
    }
}

/// What a panic says.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default()
}
