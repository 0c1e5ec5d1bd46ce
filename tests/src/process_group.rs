//! Signals to a process and all that it started.

use std::{
    io,
    process::{Command, Stdio},
};

/// Sends a signal, by its name without `SIG`, to the process group of that leader.
///
/// # Errors
/// If there is no such group, or no shell to send the signal with.
pub(crate) fn signal(leader: u32, name: &str) -> io::Result<()> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("kill -s {name} -- -{leader}"));
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("no process group {leader} to signal"))) }
}
