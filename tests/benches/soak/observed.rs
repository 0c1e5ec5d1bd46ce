//! What was seen, by tenths of the time.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tests::usage::Usage;

/// Into how many parts the time is divided.
pub(crate) const PARTS: usize = 10;
/// After so many wrong answers there is nothing more to learn.
const MOST_WRONG: usize = 100;

/// What was seen.
pub(crate) struct Observed {
    began: Instant,
    length: Duration,
    seen: Mutex<Seen>,
}

/// The same.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Of each function.
    pub(crate) functions: BTreeMap<&'static str, [Part; PARTS]>,
    /// Of the machine and of this process.
    pub(crate) surroundings: [Vec<Surroundings>; PARTS],
    /// What was wrong.
    pub(crate) wrong: Vec<String>,
    /// How many answers of a function there were, and how many lines of its log tell of one.
    pub(crate) logged: BTreeMap<&'static str, (u64, u64)>,
    /// How often a warning or an error was logged.
    pub(crate) complaints: BTreeMap<String, u64>,
}

/// What was seen of a function in a tenth of the time.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// How long each request took, in microseconds.
    pub(crate) took: Vec<u32>,
    /// What each process used.
    pub(crate) usages: BTreeMap<u32, Vec<Usage>>,
}

/// What was seen of everything else at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings {
    /// For how many seconds the processors have worked, and for how many they could have.
    pub(crate) machine: (f64, f64),
    /// What this process uses, with the emulators.
    pub(crate) own: Usage,
}

impl Observed {
    /// Begins now, and lasts so long.
    pub(crate) fn over(length: Duration) -> Self {
        Self { began: Instant::now(), length, seen: Mutex::default() }
    }

    /// How long it goes on yet.
    pub(crate) fn time_left(&self) -> Duration {
        self.length.saturating_sub(self.began.elapsed())
    }

    /// How long it lasts.
    pub(crate) fn length(&self) -> Duration {
        self.length
    }

    /// Whether it goes on.
    pub(crate) fn goes_on(&self) -> bool {
        !self.time_left().is_zero() && self.seen().wrong.len() < MOST_WRONG
    }

    /// A right answer has come.
    pub(crate) fn answered(&self, function: &'static str, took: Duration) {
        let part = self.part();
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        let mut seen = self.seen();
        seen.logged.entry(function).or_default().0 += 1;
        seen.functions.entry(function).or_default()[part].took.push(took);
    }

    /// A wrong answer has come, or none.
    pub(crate) fn wrong(&self, text: &str) {
        let at = self.began.elapsed().as_secs();
        self.seen().wrong.push(format!("after {at} s: {text}"));
    }

    /// What a process uses now.
    pub(crate) fn used(&self, function: &'static str, id: u32, usage: Usage) {
        let part = self.part();
        self.seen().functions.entry(function).or_default()[part].usages.entry(id).or_default().push(usage);
    }

    /// What everything else does now.
    pub(crate) fn around(&self, surroundings: Surroundings) {
        let part = self.part();
        self.seen().surroundings[part].push(surroundings);
    }

    /// All of it.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn part(&self) -> usize {
        let passed = self.began.elapsed().as_secs_f64() / self.length.as_secs_f64();
        // What ends after the time belongs to its last tenth.
        (0..PARTS).rev().find(|part| passed >= *part as f64 / PARTS as f64).unwrap_or_default()
    }
}
