//! The table.

use std::{collections::BTreeMap, fs, io::Write, path::PathBuf, time::Duration};

use flate2::{Compression, write::DeflateEncoder};

use crate::{
    case::{CASES, Case},
    limits::Waits,
    options::Options,
    samples::Samples,
};

const HEAD: [&str; 10] = [
    "",
    "cold, ms",
    "× empty",
    "warm, ms",
    "× empty",
    "CPU, ms",
    "cold with waits, ms",
    "warm with waits, ms",
    "memory, MiB",
    "zip, MiB",
];

/// The table with what was measured, in Markdown.
pub(crate) fn table(options: &Options, binaries: &BTreeMap<&'static str, PathBuf>, samples: &Samples) -> String {
    let mut lines =
        vec![row(&HEAD.map(str::to_owned)), row(&HEAD.map(|_| "---:".to_owned())).replacen("---:", "---", 1)];
    lines.extend(CASES.iter().map(|case| row(&cells(case, &binaries[case.function], samples))));
    let note = format!(
        "\nMedians of {} cold starts, and of {} warm invocations after each (more of what is quick, fewer of what is slow).",
        options.rounds, options.warm
    );
    lines.push(note);
    lines.join("\n")
}

fn cells(case: &Case, binary: &PathBuf, samples: &Samples) -> [String; 10] {
    let (plain, empty) = (samples.medians(Waits::None, case), samples.medians(Waits::None, &CASES[0]));
    let waits = samples.medians(Waits::Realistic, case);
    [
        case.name.to_owned(),
        millis(plain.cold),
        ratio(plain.cold, empty.cold),
        millis(plain.warm),
        ratio(plain.warm, empty.warm),
        millis(plain.cpu),
        beyond(waits.cold, case.limit.cold),
        beyond(waits.warm, case.limit.warm),
        format!("{:.1}", mebi(plain.memory.max(waits.memory) * 1024)),
        format!("{:.2}", mebi(zipped(binary))),
    ]
}

fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.2}") } else { format!("{millis:.1}") }
}

fn ratio(time: Duration, empty: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() / empty.as_secs_f64())
}

/// A time as the limit, and what is beyond it.
fn beyond(time: Duration, limit: u64) -> String {
    let limit_time = Duration::from_millis(limit);
    format!("{limit} + {}", millis(time.saturating_sub(limit_time)))
}

#[expect(clippy::cast_precision_loss, reason = "a size to two places")]
fn mebi(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

/// How large a file is in a zip.
fn zipped(file: &PathBuf) -> u64 {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&fs::read(file).unwrap()).unwrap();
    u64::try_from(encoder.finish().unwrap().len()).unwrap()
}
