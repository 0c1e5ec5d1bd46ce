//! What the functions compute in every request, each part under a name.
//!
//! Without arguments it prints how long each takes. With `NAME COUNT` it does that one so many times and nothing else, for
//! a tool that counts instructions: what two runs of different lengths differ by is the part itself, without the start.
//! Time and randomness are fixed, so that two runs do the same.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a person, and a part that does not come out as it must is not worth measuring"
)]

mod list;
mod parts;
mod paths;
mod sealed;

use std::{
    env,
    hint::black_box,
    process::ExitCode,
    time::{Duration, Instant},
};

use paths::{Path, path};

/// How long each is timed.
const TIMED: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => time_all(),
        [name, count] => match (path(name), count.parse()) {
            (Some(mut path), Ok(count)) => repeat(&mut path, count),
            _ => return usage(),
        },
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: hot-paths [NAME COUNT]; the names are {}", paths::NAMES.join(", "));
    ExitCode::from(2)
}

fn repeat(path: &mut Path, count: u64) {
    for _ in 0..count {
        black_box(path());
    }
}

fn time_all() {
    for name in paths::NAMES {
        let mut path = path(name).unwrap();
        repeat(&mut path, 100);
        let (started, mut count) = (Instant::now(), 0);
        while started.elapsed() < TIMED {
            repeat(&mut path, 10);
            count += 10;
        }
        let each = started.elapsed() / count.try_into().unwrap_or(u32::MAX);
        println!("{name}: {} ns", each.as_nanos());
    }
}
