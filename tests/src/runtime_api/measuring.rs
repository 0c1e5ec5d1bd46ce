//! What is measured of a function's process.

use std::{mem, time::Duration};

use tokio::time::timeout;

use super::{FunctionProcess, START_LIMIT};

impl FunctionProcess {
    /// The process's id, also that of its process group.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Waits until the function has asked for work so many times, at most [`START_LIMIT`]; the time from its start to its
    /// first question, which Lambda calls its init. `None` if it has not asked that often by then.
    pub async fn asks(&self, times: u64) -> Option<Duration> {
        let mut questions = self.api.questions();
        let asked = timeout(START_LIMIT, questions.wait_for(|questions| questions.count >= times)).await;
        Some(asked.ok()?.ok()?.first? - self.started)
    }

    /// What the function has printed since this was last called; it is forgotten, so that a long run stays small.
    /// After its exit: what is left, every time.
    pub fn take_output(&self) -> String {
        let mut taken = String::new();
        match self.written.upgrade() {
            Some(written) => written.send_modify(|output| taken = mem::take(output)),
            None => taken = self.output(),
        }
        taken
    }
}
