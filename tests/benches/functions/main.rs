//! How fast the functions are: their release binaries, run as Lambda runs them, over the embedded AWS and the emulated
//! Google, beside a function that does nothing. Prints a Markdown table of medians.
//!
//! Every round makes a new world and starts every function anew in it, so that what a busy machine does to one it does to
//! all, and ratios hold within one run.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a person, and a world or a function that fails is not worth measuring"
)]

mod case;
mod limits;
mod options;
mod report;
mod round;
mod samples;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::ExitCode,
};

use tests::binaries::release_binaries;
use tokio::signal::unix::{SignalKind, signal};

use crate::{case::CASES, limits::Waits, options::Options, samples::Samples};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::read() {
        Ok(options) => options,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    let mut terminated = signal(SignalKind::terminate()).unwrap();
    // Whatever ends first, every function is dropped with its future, and dies of that.
    tokio::select! {
        () = measure(&options) => ExitCode::SUCCESS,
        _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
        _ = terminated.recv() => ExitCode::FAILURE,
    }
}

async fn measure(options: &Options) {
    let binaries = binaries(options);
    let mut samples = Samples::default();
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        for waits in [Waits::None, Waits::Realistic] {
            round::run(waits, options, &binaries, &mut samples).await;
        }
    }
    println!("{}", report::table(options, &binaries, &samples));
}

/// The functions' release binaries by their names.
fn binaries(options: &Options) -> BTreeMap<&'static str, PathBuf> {
    let names: BTreeSet<_> = CASES.iter().map(|case| case.function).collect();
    let names: Vec<_> = names.into_iter().collect();
    release_binaries(options.binaries.as_deref(), &names).unwrap_or_else(|error| panic!("{error}"))
}
