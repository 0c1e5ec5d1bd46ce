//! Waiting to the fraction of a millisecond, so that many short delays in a row come out as they were asked for.

use std::{thread, time::Duration};

use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

/// The runtime's timer has ticks of a millisecond and is late by up to one: this much is left to the system's own.
const FINE: Duration = Duration::from_millis(2);

/// Waits that long.
pub(crate) async fn delay(duration: Duration) {
    let end = Instant::now() + duration;
    sleep(duration.saturating_sub(FINE)).await;
    let left = end.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        // It cannot panic, and at the end of the runtime nobody waits any more.
        let _ = spawn_blocking(move || thread::sleep(left)).await;
    }
}
