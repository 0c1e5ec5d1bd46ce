//! What a process uses, as the system tells it.

#![expect(clippy::unwrap_used, reason = "whoever asks for it has a process that runs, and cannot go on without")]

use std::{fs, path::PathBuf, time::Duration};

/// How a line of the table of sockets says that only the other end has closed.
const CLOSE_WAIT: &str = "08";
/// In how many parts of a second the system counts a process' time, on every Linux since 2.6.
const TICKS_A_SECOND: f64 = 100.0;

/// What a process uses at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// The memory of its own, in KiB: not the pages of its binary, which the system takes and gives as it likes.
    pub memory: u64,
    /// All that it has in memory, in KiB.
    pub resident: u64,
    /// The most that it ever had, in KiB.
    pub peak_memory: u64,
    /// Threads.
    pub threads: usize,
    /// Open file descriptors.
    pub files: usize,
    /// Those of them that are sockets.
    pub sockets: usize,
    /// Those of them whose other end has closed.
    pub half_closed: usize,
    /// The processor's time that it has had since its start, also in threads that have ended.
    pub cpu: Duration,
}

impl Usage {
    /// That of the process with that id.
    ///
    /// # Panics
    /// If it does not run.
    pub fn of(id: u32) -> Self {
        let sockets = sockets(id);
        Self {
            memory: status(id, "RssAnon:"),
            resident: status(id, "VmRSS:"),
            peak_memory: peak_memory(id),
            threads: usize::try_from(status(id, "Threads:")).unwrap(),
            files: fs::read_dir(format!("/proc/{id}/fd")).unwrap().count(),
            half_closed: half_closed(id, &sockets),
            sockets: sockets.len(),
            cpu: time_of_all_threads(id),
        }
    }
}

/// The processor's time that the threads of a process have had that live yet, to the nanosecond.
///
/// # Panics
/// If the process does not run.
pub fn cpu_time(id: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let of_thread = |thread: fs::DirEntry| {
        let schedstat = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        schedstat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
    };
    Duration::from_nanos(threads.filter_map(Result::ok).map(of_thread).sum())
}

/// The most memory that a process has had, in KiB.
///
/// # Panics
/// If the process does not run.
pub fn peak_memory(id: u32) -> u64 {
    status(id, "VmHWM:")
}

/// How long all processors together have worked for anybody since the machine's start, and how long they could have.
///
/// # Panics
/// If the system does not tell.
pub fn machine_time() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    let of_all = stat.lines().next().unwrap().split_whitespace().skip(1).take(8);
    let ticks: Vec<f64> = of_all.map(|ticks| ticks.parse().unwrap()).collect();
    // The fourth and the fifth are idle, and idle while something is read or written.
    let (all, idle): (f64, f64) = (ticks.iter().sum(), ticks.iter().skip(3).take(2).sum());
    ((all - idle) / TICKS_A_SECOND, all / TICKS_A_SECOND)
}

/// A number of a process' status.
fn status(id: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap()
}

fn time_of_all_threads(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // The name before them may have blanks in it, and is in parentheses.
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    Duration::from_secs_f64(ticks / TICKS_A_SECOND)
}

/// The inodes of a process' sockets.
fn sockets(id: u32) -> Vec<String> {
    let files = fs::read_dir(format!("/proc/{id}/fd")).unwrap().filter_map(Result::ok);
    // One that is closed meanwhile is none.
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    let inode = |target: PathBuf| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned());
    targets.filter_map(inode).collect()
}

fn half_closed(id: u32, sockets: &[String]) -> usize {
    let tables = ["tcp", "tcp6"].map(|name| fs::read_to_string(format!("/proc/{id}/net/{name}")).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    let closed = lines.filter(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields.get(3) == Some(&CLOSE_WAIT) && fields.get(9).is_some_and(|inode| sockets.iter().any(|own| own == inode))
    });
    closed.count()
}
