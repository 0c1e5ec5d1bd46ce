//! Whether what was seen is well, by fixed rules.

use std::{fmt, time::Duration};

use tests::binaries::EMPTY_FUNCTION;

use crate::{
    numbers::{Row, memory, rows},
    observed::{Observed, PARTS, Part, Seen},
};

/// A shorter time says nothing of growth: a process takes minutes to have all that it keeps.
const LONG: Duration = Duration::from_mins(30);
/// The tenth that growth is counted from: by then every process has met most of the users, and keeps of them what it may.
const SETTLED: usize = 2;
/// The most that a process' memory may grow from then to the last tenth, in per cent.
const MEMORY: f64 = 10.0;
/// How many more file descriptors, sockets and threads a process may have in the last tenth: what is under way when it is
/// looked at.
const MORE: usize = 4;
/// How many tenths at either end are compared in times, of which the best counts: what neighbours of the machine take is
/// seldom taken from all of them.
const ENDS: usize = 3;
/// The most that the processor's time for a request may grow, in per cent.
const CPU: f64 = 25.0;
/// The most that the middle of the times may grow, in per cent: neighbours cost more of them.
const P50: f64 = 50.0;
/// The same of the time that one in a hundred takes longer than.
const P99: f64 = 100.0;

/// What a rule says.
#[derive(Debug)]
pub(crate) struct Finding {
    /// `None` if the time was too short to say.
    holds: Option<bool>,
    text: String,
}

impl Finding {
    /// Whether nothing is wrong by it.
    pub(crate) fn is_well(&self) -> bool {
        self.holds != Some(false)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = match self.holds {
            Some(true) => "holds",
            Some(false) => "FAILS",
            None => "too short to say",
        };
        write!(f, "{holds}: {}", self.text)
    }
}

/// What all rules say.
pub(crate) fn findings(observed: &Observed) -> Vec<Finding> {
    let seen = observed.seen();
    let mut findings = answers(&seen);
    if observed.length() < LONG {
        findings.push(Finding { holds: None, text: "whether anything grows".to_owned() });
        return findings;
    }
    let empty = rows(&seen.functions[EMPTY_FUNCTION]);
    for (function, parts) in seen.functions.iter().filter(|(function, _)| **function != EMPTY_FUNCTION) {
        let of_function = |finding: Finding| Finding { text: format!("{function}: {}", finding.text), ..finding };
        findings.extend(grown(parts, &empty).into_iter().map(of_function));
    }
    findings
}

/// Every answer is right, told of in the log once, and without an error: what goes wrong is Google's and AWS's.
fn answers(seen: &Seen) -> Vec<Finding> {
    let answers: u64 = seen.logged.values().map(|(answers, _)| answers).sum();
    let wrong = seen.wrong.len();
    let text = format!("{wrong} wrong answers beside {answers} right ones");
    let mut findings = vec![Finding { holds: Some(wrong == 0 && answers > 0), text }];
    let logged = seen.logged.iter().filter(|(function, _)| **function != EMPTY_FUNCTION);
    findings.extend(logged.map(|(function, (answers, lines))| {
        let text = format!("{function}: {lines} lines in the log for {answers} answers");
        Finding { holds: Some(wrong > 0 || lines == answers), text }
    }));
    let errors: u64 =
        seen.complaints.iter().filter(|(text, _)| text.contains(": error: ")).map(|(_, times)| times).sum();
    findings.push(Finding { holds: Some(errors == 0), text: format!("{errors} errors in the logs") });
    findings
}

fn grown(parts: &[Part; PARTS], empty: &[Row; PARTS]) -> Vec<Finding> {
    let rows = rows(parts);
    let (settled, last) = (rows[SETTLED], rows[PARTS - 1]);
    let counts = [
        ("file descriptors", settled.files, last.files),
        ("sockets", settled.sockets, last.sockets),
        ("half-closed sockets", settled.half_closed, last.half_closed),
        ("threads", settled.threads, last.threads),
    ];
    let p50 = |rows: &[Row; PARTS]| rows.map(|row| row.p50);
    let p99 = |rows: &[Row; PARTS]| rows.map(|row| row.p99);
    let mut findings = vec![memory_finding(parts), cpu_finding(&rows.map(|row| row.cpu))];
    findings.extend(counts.map(|(name, before, after)| {
        let text = format!("{before} {name} at most in the third tenth, {after} in the last (at most {MORE} more)");
        Finding { holds: Some(after <= before + MORE), text }
    }));
    findings.push(time_finding("p50", &p50(&rows), &p50(empty), P50));
    findings.push(time_finding("p99", &p99(&rows), &p99(empty), P99));
    findings
}

/// The memory of the process that has grown most.
fn memory_finding(parts: &[Part; PARTS]) -> Finding {
    let growths = parts[SETTLED].usages.iter().filter_map(|(id, usages)| {
        let (before, after) = (memory(usages), memory(parts[PARTS - 1].usages.get(id)?));
        Some(100.0 * (after as f64 / before as f64 - 1.0))
    });
    let worst = growths.fold(f64::NEG_INFINITY, f64::max);
    let text =
        format!("memory of the worst process by {worst:+.1} % from the third tenth to the last (at most {MEMORY} %)");
    Finding { holds: Some(worst.is_finite() && worst <= MEMORY), text }
}

/// The processor's time, which a busy machine changes little.
fn cpu_finding(times: &[f64; PARTS]) -> Finding {
    let growth = growth(times);
    let text = format!("CPU time of a request by {growth:+.0} % (at most {CPU} %)");
    Finding { holds: Some(growth.is_finite() && growth <= CPU), text }
}

/// A time that neighbours of the machine make longer: by itself, or beside what they make of that of the empty function.
fn time_finding(name: &str, times: &[f64; PARTS], empty: &[f64; PARTS], most: f64) -> Finding {
    let (plain, beside) = (growth(times), growth(&std::array::from_fn(|part| times[part] / empty[part])));
    let text = format!("{name} by {plain:+.0} %, beside the empty function's by {beside:+.0} % (at most {most} %)");
    Finding { holds: Some(plain.is_finite() && plain.min(beside) <= most), text }
}

/// By how many per cent times are longer at the end, in the best of the last three tenths, than in the best of the second to
/// the fourth.
fn growth(times: &[f64; PARTS]) -> f64 {
    // A tenth without a request has no time.
    let best = |times: &[f64]| times.iter().copied().filter(|time| *time > 0.0).fold(f64::INFINITY, f64::min);
    100.0 * (best(&times[PARTS - ENDS..]) / best(&times[1..=ENDS]) - 1.0)
}
