//! What the functions write to their logs: a line for every request, and why something went wrong.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{PATIENCE, binaries::EMPTY_FUNCTION};
use tokio::time::sleep;

use crate::{driving::Instance, observed::Observed};

/// Reads lines of a function's log.
pub(crate) fn read(function: &'static str, output: &str, observed: &Observed) {
    for line in output.lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            observed.wrong(&format!("{function} printed: {line}"));
            continue;
        };
        let (level, message) = (line["level"].as_str().unwrap_or_default(), line["message"].as_str());
        let mut seen = observed.seen();
        if message == Some("request") {
            seen.logged.entry(function).or_default().1 += 1;
        }
        if !["info", "debug"].contains(&level) {
            let complaint = format!("{function}: {level}: {}", message.unwrap_or_default());
            *seen.complaints.entry(complaint).or_default() += 1;
        }
    }
}

/// Reads what is left of the logs, until every answer has its line.
pub(crate) async fn hold(instances: &[&Instance], observed: &Observed) {
    let began = Instant::now();
    loop {
        for instance in instances {
            read(instance.function, &instance.process.take_output(), observed);
        }
        let complete =
            |(function, (answers, lines)): (&&str, &(u64, u64))| *function == EMPTY_FUNCTION || lines >= answers;
        let complete = observed.seen().logged.iter().all(complete);
        if complete || began.elapsed() > PATIENCE {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
}
