//! One round: a new world, and every function started in it, asked once and then again and again.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::Value;
use shared::domain::time::{Clock, SystemClock};
use tests::{
    PATIENCE,
    runtime_api::FunctionProcess,
    usage::{cpu_time, peak_memory},
    world::{ANNA, Settings, World},
};

use crate::{
    case::{CASES, Case},
    limits::Waits,
    options::Options,
    samples::Samples,
};

/// So much quota that it never ends.
const QUOTA: u64 = 1_000_000;

/// A world whose time passes, and where Anna is connected.
struct Stage {
    world: World,
    session: String,
}

/// Measures every case once.
pub(crate) async fn run(
    waits: Waits,
    options: &Options,
    binaries: &BTreeMap<&'static str, PathBuf>,
    samples: &mut Samples,
) {
    let stage = Stage::make(waits).await;
    for case in &CASES {
        let binary = &binaries[case.function];
        let process = FunctionProcess::start(binary, stage.world.variables()).await.unwrap();
        let init = process.asks(1).await.unwrap_or_else(|| panic!("{}:\n{}", case.name, process.output()));
        let first = stage.invoke(case, &process).await;
        samples.cold(waits, case).push(init + first);
        process.asks(2).await.unwrap();
        let (count, before) = (case.warm(options.warm), cpu_time(process.id()));
        for _ in 0..count {
            let took = stage.invoke(case, &process).await;
            samples.warm(waits, case).push(took);
        }
        process.asks(2 + u64::from(count)).await.unwrap();
        samples.cpu(waits, case).push(cpu_time(process.id()).saturating_sub(before) / count);
        samples.memory(waits, case).push(peak_memory(process.id()));
    }
}

impl Stage {
    async fn make(waits: Waits) -> Self {
        let settings = Settings { mailbox_size: 6_000, ..Settings::default() };
        let world = settings.variable("GMAIL_QUOTA_UNITS_PER_MINUTE", &QUOTA.to_string()).start().await;
        world.google.set_gmail_quota(QUOTA);
        let session = world.connect(ANNA).await;
        waits.set(&world);
        Self { world, session }
    }

    /// Has the function answer once; the time that it takes.
    async fn invoke(&self, case: &Case, process: &FunctionProcess) -> Duration {
        self.world.clock.set(SystemClock.now());
        let event = case.event(&self.world, &self.session).await.json();
        let answered = process.invoke_timed(&event, PATIENCE).await;
        let (response, took) = answered.unwrap_or_else(|error| panic!("{}: {error}\n{}", case.name, process.output()));
        assert_eq!(response.get("statusCode"), Some(&Value::from(200)), "{}: {response}", case.name);
        took
    }
}
