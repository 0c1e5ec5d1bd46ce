//! What Lambda's event source mapping does with the stream of the functions' table: it invokes a function with what
//! was written, in order, and again until the function has handled it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>

mod batch;

use std::{error::Error, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

use self::batch::{Batch, BatchError};
use crate::aws::{AwsError, Caller, EmbeddedAws};

/// The function in whose role Lambda reads the stream.
const READER: &str = "connection-events";
/// How long a batch that failed waits for its second try; each further one waits twice as long.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How often the stream is looked at although nothing was written.
const TICK: Duration = Duration::from_secs(5);

/// Why an invocation failed.
pub type InvocationError = Box<dyn Error + Send + Sync>;

/// A function: the event's JSON in, the response's JSON out; an error is a failed invocation.
pub type Handler = Arc<dyn Fn(String) -> BoxFuture<'static, Result<String, InvocationError>> + Send + Sync>;

/// A running event source; it ends when it is dropped, and its successor goes on where it stopped.
pub struct EventSource {
    aws: EmbeddedAws,
    table: String,
    checkpoint: watch::Receiver<Checkpoint>,
    task: JoinHandle<()>,
}

/// The sequence number of the last record that was handled; none at the beginning.
type Checkpoint = Option<String>;

impl EventSource {
    /// Begins where the last event source of that table stopped; the first one begins where the stream does.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If the table has no stream, the database cannot be read, or the role of `connection-events`, in which Lambda reads
    /// the stream, may not do so.
    pub fn start(aws: EmbeddedAws, table: &str, handler: Handler) -> Result<Self, AwsError> {
        let reader = Caller::of(READER).ok_or_else(|| AwsError::no_role(READER))?;
        aws.check_reader(reader, table)?;
        let stream_arn = aws.stream_arn(table)?;
        let (checkpoint, receiver) = watch::channel(aws.state(&state_of(table))?);
        let poller = Poller { reader, aws: aws.clone(), table: table.to_owned(), stream_arn, handler, checkpoint };
        Ok(Self { aws, table: table.to_owned(), checkpoint: receiver, task: tokio::spawn(poller.run()) })
    }

    /// Waits until everything that was written before this call is handled.
    pub async fn drained(&self) {
        // A table that is gone has nothing left to handle.
        let Ok(Some(end)) = self.aws.stream_end(&self.table) else { return };
        // Sequence numbers all have the same length.
        let _ = self.checkpoint.clone().wait_for(|at| at.as_ref().is_some_and(|at| *at >= end)).await;
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Poller {
    reader: Caller,
    aws: EmbeddedAws,
    table: String,
    stream_arn: String,
    handler: Handler,
    checkpoint: watch::Sender<Checkpoint>,
}

/// What there was to do.
enum Found {
    Nothing,
    Records,
}

/// Why the stream does not go on.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error("the database: {0}")]
    Aws(#[from] AwsError),
    #[error("the invocation failed: {0}")]
    Invocation(InvocationError),
    #[error(transparent)]
    Batch(#[from] BatchError),
}

impl Poller {
    async fn run(self) {
        let mut writes = self.aws.writes();
        let mut wait = SHORTEST_WAIT;
        loop {
            writes.mark_unchanged();
            let before = self.checkpoint();
            let outcome = self.step().await;
            if self.checkpoint() != before {
                wait = SHORTEST_WAIT;
            }
            match outcome {
                Ok(Found::Records) => {}
                Ok(Found::Nothing) => drop(timeout(TICK, writes.changed()).await),
                Err(stuck) => {
                    tracing::warn!(%stuck, "the records of the table's stream are not handled yet; they are tried again");
                    sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Takes the next records through the function, as far as it handles them.
    async fn step(&self) -> Result<Found, Stuck> {
        self.aws.check_reader(self.reader, &self.table)?;
        let records = self.aws.stream_records(&self.table, self.checkpoint().as_deref())?;
        let Some(batch) = Batch::of(records) else { return Ok(Found::Nothing) };
        if !batch.is_empty() {
            let response = self.invoke(batch.event(&self.stream_arn)).await.map_err(Stuck::Invocation)?;
            if let Some(failed) = batch.first_failure(&response)? {
                if let Some(handled) = batch.before(&failed) {
                    self.advance(handled)?;
                }
                return Err(BatchError::Item(failed).into());
            }
        }
        self.advance(batch.end())?;
        Ok(Found::Records)
    }

    /// Runs the function in a task of its own, so that one that panics is one that failed; it ends with this future.
    async fn invoke(&self, event: String) -> Result<String, InvocationError> {
        let mut invocation = JoinSet::new();
        invocation.spawn((self.handler)(event));
        match invocation.join_next().await {
            Some(joined) => joined?,
            None => Err("it did not run".into()),
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        self.checkpoint.borrow().clone()
    }

    fn advance(&self, to: &str) -> Result<(), AwsError> {
        self.aws.put_state(&state_of(&self.table), to)?;
        self.checkpoint.send_replace(Some(to.to_owned()));
        Ok(())
    }
}

/// The name that the checkpoint has among what the embedded AWS remembers.
fn state_of(table: &str) -> String {
    format!("event-source#{table}")
}
