//! Load for as long as one likes: many instances of `list-messages` and `authorize-url`, as their release binaries, asked all
//! the while over the embedded AWS and the emulated Google, which fail now and then. Every answer is held against the one
//! that is right, and every time beside that of a function that does nothing. Prints what the processes use and how long they take, by tenths of the time, and whether that stays.
//!
//! It stays on the loopback, ends by itself, and fails if an answer was wrong or something grew.

#![expect(
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a person, and a world or a function that fails is what it is to tell of"
)]

mod authorizing;
mod caller;
mod driving;
mod listing;
mod logs;
mod numbers;
mod observed;
mod options;
mod report;
mod sampling;
mod stage;
mod users;
mod verdict;
mod weather;

use std::{process::ExitCode, sync::Arc};

use futures_util::future::join_all;
use tests::{
    binaries::{EMPTY_FUNCTION, release_binaries},
    runtime_api::FunctionProcess,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::{
    authorizing::Authorizing, caller::Caller, driving::Instance, listing::Listing, observed::Observed,
    options::Options, stage::Stage,
};

const LIST_MESSAGES: &str = "list-messages";
const AUTHORIZE_URL: &str = "authorize-url";

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
        passed = soak(&options) => if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE },
        _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
        _ = terminated.recv() => ExitCode::FAILURE,
    }
}

/// Soaks, tells what was seen, and whether it is well.
async fn soak(options: &Options) -> bool {
    eprintln!("{} users are connected", options.users());
    let stage = Arc::new(Stage::make(options.users()).await);
    let instances = start(options, &stage).await;
    let observed = Arc::new(Observed::over(options.length()));
    eprintln!("{} instances are asked for {} minutes", instances.len(), options.minutes);
    let asked = instances.iter().map(|(instance, caller)| driving::drive(options.rate, instance, caller, &observed));
    let processes: Vec<_> = instances.iter().map(|(instance, _)| instance).collect();
    let stop = observed.time_left();
    tokio::select! {
        _ = join_all(asked) => {}
        () = weather::pass(&stage, options.length()) => {}
        () = stage.keep_time() => {}
        () = sampling::sample(&processes, &observed) => {}
        // Nobody waits longer than for one answer.
        () = sleep(stop + 2 * tests::PATIENCE) => observed.wrong("it did not end"),
    }
    logs::hold(&processes, &observed).await;
    let findings = verdict::findings(&observed);
    println!("{}", report::text(options, &observed, &findings));
    findings.iter().all(verdict::Finding::is_well)
}

/// The instances of the functions, each with who asks it.
async fn start(options: &Options, stage: &Arc<Stage>) -> Vec<(Instance, tokio::sync::Mutex<Caller>)> {
    let names = [LIST_MESSAGES, AUTHORIZE_URL, EMPTY_FUNCTION];
    let binaries = release_binaries(options.binaries.as_deref(), &names);
    let binaries = binaries.unwrap_or_else(|error| panic!("{error}"));
    let listing = (0..options.instances).map(|number| {
        let caller = Listing::new(Arc::clone(stage), number, options.instances);
        (LIST_MESSAGES, Caller::Listing(caller))
    });
    // Half as many: it does so much less.
    let authorizing = (0..options.instances.div_ceil(2))
        .map(|number| (AUTHORIZE_URL, Caller::Authorizing(Authorizing::new(Arc::clone(stage), number))));
    let mut instances = Vec::new();
    // What the machine's neighbours do to the others, they do to the empty one, too.
    for (function, caller) in listing.chain(authorizing).chain([(EMPTY_FUNCTION, Caller::Empty)]) {
        let process = FunctionProcess::start(&binaries[function], &stage.variables()).await.unwrap();
        process.asks(1).await.unwrap_or_else(|| panic!("{function}:\n{}", process.output()));
        let instance = Instance { function, process, stage: Arc::clone(stage) };
        instances.push((instance, tokio::sync::Mutex::new(caller)));
    }
    instances
}
