//! A function's real binary, run as Lambda runs it: against a
//! [runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) and with nothing but its own variables.

use std::{
    collections::BTreeMap,
    env, fs, io,
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

use local::aws::{SECRET_ACCESS_KEY, access_key_id};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::process_group;
use server::{Api, Invocation};

mod asking;
mod measuring;
mod server;

/// How long a function may take from its start to its first question for work, as on Lambda.
pub const START_LIMIT: Duration = Duration::from_secs(10);

/// A running function; dropping it kills it.
#[derive(Debug)]
pub struct FunctionProcess {
    /// The function's name.
    name: String,
    id: u32,
    started: Instant,
    api: Arc<Api>,
    /// Held for a whole invocation: a process has one at a time.
    invocations: Mutex<mpsc::Sender<Invocation>>,
    output: watch::Receiver<String>,
    /// Its other end, which lives as long as the function has its streams open.
    written: Weak<watch::Sender<String>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    server: JoinHandle<()>,
}

impl FunctionProcess {
    /// Starts a binary with those variables, Lambda's own and `PATH`, and no others.
    ///
    /// The function's name is the binary's. Lambda's variables have the credentials of the function's role. Variables given
    /// here win over Lambda's.
    ///
    /// # Errors
    /// If there is no port to listen on, or the binary cannot be started.
    pub async fn start(binary: &Path, variables: &BTreeMap<String, String>) -> io::Result<Self> {
        let name = binary.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (invocations, queue) = mpsc::channel(1);
        let api = Arc::new(Api::new(&name, queue));
        let (address, server) = server::start(Arc::clone(&api)).await?;
        let started = Instant::now();
        let mut child = Command::new(binary)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .envs(lambda_variables(&name, address))
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let id = child.id().unwrap_or_default();
        let output = Arc::new(watch::Sender::new(String::new()));
        let readers = [read(child.stdout.take(), &output), read(child.stderr.take(), &output)];
        let exit = watch::Sender::new(None);
        let process = Self {
            name,
            id,
            started,
            api,
            invocations: Mutex::new(invocations),
            output: output.subscribe(),
            written: Arc::downgrade(&output),
            exit: exit.subscribe(),
            server,
        };
        tokio::spawn(tell_exit(child, readers, exit));
        Ok(process)
    }

    /// Has the function handle an event, and gives its response; the function's deadline is `time_limit` after it
    /// takes the event. Whoever calls meanwhile waits. After the deadline the process lives on, its answer is dropped.
    ///
    /// # Errors
    /// If the function gives no response within its time, as [`InvocationError`] tells.
    pub async fn invoke(&self, event: &Value, time_limit: Duration) -> Result<Value, InvocationError> {
        self.invoke_timed(event, time_limit).await.map(|(response, _)| response)
    }

    /// The same, with the time from handing the event over to the arrival of the response.
    ///
    /// # Errors
    /// As those of [`invoke`](Self::invoke).
    pub async fn invoke_timed(
        &self,
        event: &Value,
        time_limit: Duration,
    ) -> Result<(Value, Duration), InvocationError> {
        let invocations = self.invocations.lock().await;
        let (taken, when_taken) = oneshot::channel();
        let (answer, when_answered) = oneshot::channel();
        let invocation = Invocation { event: event.to_string(), time_limit, taken, answer };
        let answered = async {
            let handed_over = async {
                let _ = invocations.send(invocation).await;
                when_taken.await
            };
            timeout(START_LIMIT, handed_over).await.ok().and_then(Result::ok).ok_or(InvocationError::NotTaken)?;
            let answered = timeout(time_limit, when_answered).await.ok().and_then(Result::ok);
            let (answer, took) = answered.ok_or(InvocationError::TimedOut)?;
            answer.map(|response| (response, took))
        };
        tokio::select! {
            biased;
            answer = answered => answer,
            Some(status) = exit_status(&self.exit) => Err(InvocationError::Exited(status)),
        }
    }

    /// What the function has printed so far, to either stream, line by line.
    pub fn output(&self) -> String {
        self.output.borrow().clone()
    }

    /// Waits until the function has printed a text, at most for `limit`; false if it has not by then or has exited.
    pub async fn prints(&self, text: &str, limit: Duration) -> bool {
        let mut output = self.output.clone();
        let printed = output.wait_for(|output| output.contains(text));
        matches!(timeout(limit, printed).await, Ok(Ok(_)))
    }

    /// Waits until the process has exited, at most for `limit`; `None` if it has not by then. All output is there.
    pub async fn wait_exit(&self, limit: Duration) -> Option<ExitStatus> {
        timeout(limit, exit_status(&self.exit)).await.ok().flatten()
    }

    /// What the function told the runtime API of its failed start, if it did.
    pub fn init_error(&self) -> Option<Value> {
        self.api.init_error()
    }

    /// Freezes the process, as Lambda does between two invocations, and returns when it stands still.
    ///
    /// # Errors
    /// If the process has exited.
    pub fn suspend(&self) -> io::Result<()> {
        process_group::signal(self.id, "STOP")?;
        // In `stat` the state follows the program's name in parentheses; T is «stopped».
        while !fs::read_to_string(format!("/proc/{}/stat", self.id))?.contains(") T ") {
            thread::yield_now();
        }
        Ok(())
    }

    /// Thaws the process.
    ///
    /// # Errors
    /// If the process has exited.
    pub fn resume(&self) -> io::Result<()> {
        process_group::signal(self.id, "CONT")
    }
}

impl Drop for FunctionProcess {
    fn drop(&mut self) {
        if self.exit.borrow().is_none() {
            // It may have exited in this very moment: then there is nothing left to do.
            let _ = process_group::signal(self.id, "KILL");
        }
        self.server.abort();
    }
}

fn lambda_variables(name: &str, runtime_api: SocketAddr) -> [(&'static str, String); 8] {
    [
        ("AWS_ACCESS_KEY_ID", access_key_id(name)),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2025/11/22/[$LATEST]0123456789abcdef0123456789abcdef".to_owned()),
    ]
}

fn read(
    stream: Option<impl AsyncRead + Send + Unpin + 'static>,
    output: &Arc<watch::Sender<String>>,
) -> JoinHandle<()> {
    let output = Arc::clone(output);
    tokio::spawn(async move {
        let Some(stream) = stream else { return };
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
            output.send_modify(|text| text.push_str(&String::from_utf8_lossy(&line)));
            line.clear();
        }
    })
}

/// Waits for the exit, then for the rest of the output, but not for what a grandchild may still hold open.
async fn tell_exit(mut child: Child, readers: [JoinHandle<()>; 2], exit: watch::Sender<Option<ExitStatus>>) {
    let status = child.wait().await.ok();
    for reader in readers {
        let _ = timeout(Duration::from_secs(1), reader).await;
    }
    exit.send_replace(status);
}

async fn exit_status(exit: &watch::Receiver<Option<ExitStatus>>) -> Option<ExitStatus> {
    exit.clone().wait_for(Option::is_some).await.ok().and_then(|status| *status)
}

/// Why an invocation has no response.
#[derive(Debug, thiserror::Error)]
pub enum InvocationError {
    /// The function did not ask for work within [`START_LIMIT`].
    #[error("the function did not ask for work")]
    NotTaken,
    /// The deadline passed.
    #[error("the function did not answer before its deadline")]
    TimedOut,
    /// The process ended.
    #[error("the process ended with {0}")]
    Exited(ExitStatus),
    /// The function reported an error to the runtime API, which no function of ours may: its type and message.
    #[error("the function failed: {0}")]
    Function(Value),
    /// The response is not JSON.
    #[error("the response is not JSON: {0}")]
    NotJson(String),
    /// The response is over the 6 MB that Lambda passes on.
    #[error("the response is too large")]
    TooLarge,
}
