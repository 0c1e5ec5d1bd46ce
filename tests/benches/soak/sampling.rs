//! Looks at the processes while they are asked.

use std::{
    hint::black_box,
    process,
    time::{Duration, Instant},
};

use tests::usage::{Usage, machine_time};
use tokio::time::sleep;

use crate::{
    driving::Instance,
    logs,
    observed::{Observed, PARTS, Surroundings},
};

/// How long it takes from one look to the next.
const BETWEEN: Duration = Duration::from_secs(5);
/// How often a tenth of the time is looked at, at least.
const AT_LEAST: u32 = 4;
/// How often the work's one step is done: some milliseconds.
const WORK: u64 = 500_000;

/// Looks at the processes again and again; never ends, unless one of them has.
pub(crate) async fn sample(instances: &[&Instance], observed: &Observed) {
    let looks = u32::try_from(PARTS).unwrap_or(u32::MAX) * AT_LEAST;
    loop {
        for Instance { function, process, .. } in instances {
            if let Some(status) = process.wait_exit(Duration::ZERO).await {
                return observed.wrong(&format!("{function} ended with {status}:\n{}", process.output()));
            }
            observed.used(function, process.id(), Usage::of(process.id()));
            logs::read(function, &process.take_output(), observed);
        }
        observed.around(Surroundings { machine: machine_time(), own: Usage::of(process::id()), work: work() });
        sleep(BETWEEN.min(observed.length() / looks)).await;
    }
}

/// Does a fixed piece of work; how long it took, in milliseconds.
fn work() -> f64 {
    let began = Instant::now();
    let mixed =
        (0..WORK).fold(0_u64, |mixed, number| (mixed ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31));
    black_box(mixed);
    1_000.0 * began.elapsed().as_secs_f64()
}
