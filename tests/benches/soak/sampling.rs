//! Looks at the processes while they are asked.

use std::{process, time::Duration};

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
        observed.around(Surroundings { machine: machine_time(), own: Usage::of(process::id()) });
        sleep(BETWEEN.min(observed.length() / looks)).await;
    }
}
