//! What was measured, and the middle of it.

use std::{collections::BTreeMap, time::Duration};

use crate::{case::Case, limits::Waits};

type ByCase<T> = BTreeMap<(Waits, &'static str), Vec<T>>;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    cold: ByCase<Duration>,
    warm: ByCase<Duration>,
    cpu: ByCase<Duration>,
    memory: ByCase<u64>,
}

impl Samples {
    /// From the start of the process to its first answer.
    pub(crate) fn cold(&mut self, waits: Waits, case: &Case) -> &mut Vec<Duration> {
        self.cold.entry((waits, case.name)).or_default()
    }

    /// From an event to its answer.
    pub(crate) fn warm(&mut self, waits: Waits, case: &Case) -> &mut Vec<Duration> {
        self.warm.entry((waits, case.name)).or_default()
    }

    /// The processor's time for a warm invocation.
    pub(crate) fn cpu(&mut self, waits: Waits, case: &Case) -> &mut Vec<Duration> {
        self.cpu.entry((waits, case.name)).or_default()
    }

    /// The most memory, in KiB.
    pub(crate) fn memory(&mut self, waits: Waits, case: &Case) -> &mut Vec<u64> {
        self.memory.entry((waits, case.name)).or_default()
    }

    /// The medians of a case.
    pub(crate) fn medians(&self, waits: Waits, case: &Case) -> Medians {
        let key = (waits, case.name);
        Medians {
            cold: median(&self.cold[&key]),
            warm: median(&self.warm[&key]),
            cpu: median(&self.cpu[&key]),
            memory: median(&self.memory[&key]),
        }
    }
}

/// The medians of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Medians {
    /// From the start of the process to its first answer.
    pub(crate) cold: Duration,
    /// From an event to its answer.
    pub(crate) warm: Duration,
    /// The processor's time for a warm invocation.
    pub(crate) cpu: Duration,
    /// The most memory, in KiB.
    pub(crate) memory: u64,
}

fn median<T: Copy + Ord>(samples: &[T]) -> T {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}
