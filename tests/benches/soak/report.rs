//! What was seen, as tables, and what is to be thought of it.

use std::fmt::Write;

use crate::{
    numbers::{Row, rows},
    observed::{Observed, PARTS, Seen},
    options::Options,
    verdict::Finding,
};

const HEAD: [&str; 11] = [
    "tenth",
    "requests",
    "p50, ms",
    "p99, ms",
    "CPU a request, ms",
    "own memory, MiB",
    "RSS, MiB",
    "file descriptors",
    "sockets",
    "half-closed",
    "threads",
];

/// All of it, in Markdown.
pub(crate) fn text(options: &Options, observed: &Observed, findings: &[Finding]) -> String {
    let seen = observed.seen();
    let mut text = String::new();
    for (function, parts) in &seen.functions {
        let processes = parts[0].usages.len();
        let rows = rows(parts);
        let requests: usize = rows.iter().map(|row| row.requests).sum();
        let rate = options.rate;
        let head = format!("{function}: {processes} processes, {requests} requests, at most {rate} a second each");
        let _ = writeln!(text, "{head}\n\n{}", table(&HEAD, rows.iter().map(cells)));
    }
    let head = ["tenth", "machine busy, %", "by this load, %", "harness' memory, MiB", "harness' file descriptors"];
    let _ = writeln!(text, "The machine, and the process that holds the emulators:\n\n{}", table(&head, around(&seen)));
    for (complaint, times) in &seen.complaints {
        let _ = writeln!(text, "logged {times} times: {complaint}");
    }
    for wrong in seen.wrong.iter().take(10) {
        let _ = writeln!(text, "wrong, {}", wrong.chars().take(2_000).collect::<String>());
    }
    for finding in findings {
        let _ = writeln!(text, "{finding}");
    }
    text
}

fn cells(row: &Row) -> Vec<String> {
    vec![
        row.requests.to_string(),
        format!("{:.2}", row.p50),
        format!("{:.1}", row.p99),
        format!("{:.2}", row.cpu),
        format!("{:.2}", row.memory as f64 / 1024.0),
        format!("{:.1}", row.resident as f64 / 1024.0),
        row.files.to_string(),
        row.sockets.to_string(),
        row.half_closed.to_string(),
        row.threads.to_string(),
    ]
}

/// What the machine did in each tenth, and how much of it was ours.
fn around(seen: &Seen) -> impl Iterator<Item = Vec<String>> {
    let ours = |part: usize| -> f64 {
        let processes = seen.functions.values().flat_map(move |parts| parts[part].usages.values());
        let cpu = processes.filter_map(|usages| Some(usages.last()?.cpu.as_secs_f64()));
        cpu.sum::<f64>() + seen.surroundings[part].last().map_or(0.0, |last| last.own.cpu.as_secs_f64())
    };
    (0..PARTS).map(move |part| {
        let Some(last) = seen.surroundings[part].last() else { return Vec::new() };
        let memory = format!("{:.0}", last.own.memory as f64 / 1024.0);
        let own = vec![memory, last.own.files.to_string()];
        let before = part.checked_sub(1).and_then(|part| Some((seen.surroundings[part].last()?, ours(part))));
        let Some((before, ours_before)) = before else { return [vec!["-".to_owned(); 2], own].concat() };
        let whole = (last.machine.1 - before.machine.1) / 100.0;
        let shares = [(last.machine.0 - before.machine.0) / whole, (ours(part) - ours_before) / whole];
        [shares.map(|share| format!("{share:.0}")).to_vec(), own].concat()
    })
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut lines = vec![head.join(" | "), head.iter().map(|_| "---:").collect::<Vec<_>>().join(" | ")];
    lines.extend(rows.enumerate().map(|(part, cells)| [vec![(part + 1).to_string()], cells].concat().join(" | ")));
    lines.into_iter().fold(String::new(), |table, line| format!("{table}| {line} |\n"))
}
