//! The numbers of a tenth of the time.

use std::{collections::BTreeMap, time::Duration};

use tests::usage::Usage;

use crate::observed::{PARTS, Part};

/// The numbers of a function in a tenth of the time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    pub(crate) requests: usize,
    /// In milliseconds, as are the next two.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// The processor's time for a request.
    pub(crate) cpu: f64,
    /// The memory of its own of the process that has most, in KiB; the middle of what was seen.
    pub(crate) memory: u64,
    /// The same of all that it has in memory.
    pub(crate) resident: u64,
    /// The most of any process, as are the others.
    pub(crate) files: usize,
    pub(crate) sockets: usize,
    pub(crate) half_closed: usize,
    pub(crate) threads: usize,
}

/// The rows of a function.
pub(crate) fn rows(parts: &[Part; PARTS]) -> [Row; PARTS] {
    let mut cpu_before = parts[0].usages.iter().filter_map(|(id, usages)| Some((*id, usages.first()?.cpu))).collect();
    parts.each_ref().map(|part| row(part, &mut cpu_before))
}

/// The middle of what a process had in memory of its own, in KiB.
pub(crate) fn memory(usages: &[Usage]) -> u64 {
    middle(usages, |usage| usage.memory)
}

fn middle(usages: &[Usage], of: fn(&Usage) -> u64) -> u64 {
    let mut memory: Vec<_> = usages.iter().map(of).collect();
    quantile(&mut memory, 0.5)
}

fn row(part: &Part, cpu_before: &mut BTreeMap<u32, Duration>) -> Row {
    let mut cpu = 0.0;
    for (id, usages) in &part.usages {
        let Some(last) = usages.last() else { continue };
        cpu += last.cpu.saturating_sub(cpu_before.insert(*id, last.cpu).unwrap_or_default()).as_secs_f64();
    }
    let mut took = part.took.clone();
    let most = |of: fn(&Usage) -> usize| part.usages.values().flatten().map(of).max().unwrap_or_default();
    Row {
        requests: took.len(),
        p50: f64::from(quantile(&mut took, 0.5)) / 1_000.0,
        p99: f64::from(quantile(&mut took, 0.99)) / 1_000.0,
        cpu: 1_000.0 * cpu / took.len().max(1) as f64,
        memory: part.usages.values().map(|usages| memory(usages)).max().unwrap_or_default(),
        resident: part.usages.values().map(|usages| middle(usages, |usage| usage.resident)).max().unwrap_or_default(),
        files: most(|usage| usage.files),
        sockets: most(|usage| usage.sockets),
        half_closed: most(|usage| usage.half_closed),
        threads: most(|usage| usage.threads),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
fn quantile<T: Copy + Default + Ord>(values: &mut [T], share: f64) -> T {
    values.sort_unstable();
    let place = values.len().saturating_sub(1) as f64 * share;
    values.get(place.round() as usize).copied().unwrap_or_default()
}
