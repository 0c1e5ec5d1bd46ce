//! What the system tells of a process.

use std::{fs, time::Duration};

/// The processor's time that the threads of a process have had.
pub(crate) fn cpu_time(id: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let of_thread = |thread: fs::DirEntry| {
        let schedstat = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        schedstat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
    };
    Duration::from_nanos(threads.filter_map(Result::ok).map(of_thread).sum())
}

/// The most memory that a process has had, in KiB.
pub(crate) fn peak_memory(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap()
}
