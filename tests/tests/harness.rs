//! The harness does what the tests that stand on it believe.

#[cfg(test)]
mod harness {
    use std::process::{Command, Stdio};

    use tests::PATIENCE;

    mod browser;
    mod events;
    mod processes;
    mod secrets;
    mod usage;

    /// Whether there is a process of that id which still runs: not one that has ended and waits to be collected.
    fn runs(id: &str) -> bool {
        let mut ps = Command::new("ps");
        let output = ps.args(["-o", "state=", "-p", id]).stderr(Stdio::null()).output().unwrap();
        let state = String::from_utf8(output.stdout).unwrap();
        !state.trim().is_empty() && !state.starts_with('Z')
    }

    async fn gone(id: &str) {
        while runs(id) {
            tokio::task::yield_now().await;
        }
    }
}
