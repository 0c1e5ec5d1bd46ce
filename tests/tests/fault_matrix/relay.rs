//! What stands between functions and those whom they call: it knows each call by its name, writes down which were made, and
//! lets one of them suffer. Each request has a connection of its own.

use std::{
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

use super::{
    call::{host_of, name_of},
    fault::Fault,
};

/// How TLS begins, and how it fails: a handshake's record, and the alert that ends it
/// ([RFC 8446 §5.1, §6](https://www.rfc-editor.org/rfc/rfc8446#section-5.1)).
const CLIENT_HELLO: u8 = 22;
const HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

/// For which of its calls a fault is.
#[derive(Clone, Debug)]
pub(super) struct Strike {
    /// The call's name.
    pub(super) call: String,
    /// Which call of that name, counted from 1.
    pub(super) nth: usize,
    /// How many calls to its host come before it.
    pub(super) before: usize,
    /// Whether all that come after it suffer the same.
    pub(super) lasts: bool,
    /// What happens.
    pub(super) fault: Fault,
}

/// What the relays of one world have in common.
#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    calls: Vec<String>,
    strike: Option<Strike>,
    struck: usize,
    swallowed: usize,
}

impl Journal {
    /// Begins anew, with a strike or without.
    pub(super) fn begin(&self, strike: Option<Strike>) {
        *self.lock() = Inner { strike, ..Inner::default() };
    }

    /// The calls that came in since then, in their order.
    pub(super) fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// How often the strike has struck.
    pub(super) fn struck(&self) -> usize {
        self.lock().struck
    }

    /// How many bytes of an answer without end were taken at most.
    pub(super) fn swallowed(&self) -> usize {
        self.lock().swallowed
    }

    /// Writes down that so many bytes of one answer were taken.
    pub(super) fn swallow(&self, bytes: usize) {
        let mut inner = self.lock();
        inner.swallowed = inner.swallowed.max(bytes);
    }

    /// Writes down a call, and says what it suffers.
    fn enter(&self, call: &str) -> Option<Fault> {
        let mut inner = self.lock();
        inner.calls.push(call.to_owned());
        let nth = inner.calls.iter().filter(|made| *made == call).count();
        let strike = inner.strike.as_ref().filter(|strike| strike.call == call)?;
        let fault = (nth == strike.nth || strike.lasts && nth > strike.nth).then(|| strike.fault.clone())?;
        inner.struck += 1;
        Some(fault)
    }

    /// Whether nobody is to be reached at a host, because the next call is the one that finds nobody, or comes after it.
    fn is_shut(&self, host: &str) -> bool {
        let mut inner = self.lock();
        let strike =
            inner.strike.as_ref().filter(|strike| strike.fault == Fault::TurnedAway && host_of(&strike.call) == host);
        let made = inner.calls.iter().filter(|made| host_of(made) == host).count();
        let is_shut = strike.is_some_and(|strike| made >= strike.before);
        inner.struck += usize::from(is_shut);
        is_shut
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A port of the loopback that leads to a server, until it is dropped.
#[derive(Debug)]
pub(super) struct Relay {
    port: u16,
    task: JoinHandle<()>,
}

/// Where a relay leads, and what it writes down.
#[derive(Clone)]
struct Line {
    host: &'static str,
    server: u16,
    /// What is replaced in answers, and by what: where a document leads on to.
    replaced: Option<(String, Arc<Mutex<String>>)>,
    journal: Arc<Journal>,
}

impl Relay {
    /// A relay to the server at an origin of the loopback.
    pub(super) async fn to(host: &'static str, origin: &str, journal: &Arc<Journal>) -> Self {
        Self::replacing(host, origin, journal, None).await
    }

    /// The same, with a text that is replaced in answers.
    pub(super) async fn replacing(
        host: &'static str,
        origin: &str,
        journal: &Arc<Journal>,
        replaced: Option<(String, Arc<Mutex<String>>)>,
    ) -> Self {
        let server = Url::parse(origin).unwrap().port().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Line { host, server, replaced, journal: Arc::clone(journal) };
        Self { port, task: tokio::spawn(listen(listener, line)) }
    }

    /// Where it begins.
    pub(super) fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Where it would begin if it spoke TLS.
    pub(super) fn origin_with_tls(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, line: Line) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(serve(client, line.clone()));
    }
}

async fn serve(mut client: TcpStream, line: Line) {
    if line.journal.is_shut(line.host) {
        // Nothing of the request is read: to the client it is as if nobody had been there.
        let _ = client.set_zero_linger();
        return;
    }
    let mut first = [0];
    if client.peek(&mut first).await.is_ok() && first[0] == CLIENT_HELLO {
        let _ = client.write_all(&HANDSHAKE_FAILURE).await;
        return;
    }
    let Ok(request) = read_request(&mut client).await else { return };
    let call = format!("{}.{}", line.host, name_of(line.host, &request));
    let forward = async || forwarded(&line, &request).await;
    // Whoever goes away sees no end.
    let _ = match line.journal.enter(&call) {
        None => client.write_all(&forward().await.unwrap_or_default()).await,
        Some(fault) => fault.strike(&call, &mut client, &line.journal, forward).await,
    };
}

/// The request as it came, with its body.
async fn read_request(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let head = loop {
        if client.read_buf(&mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let whole = head + content_length(&request[..head]);
    while request.len() < whole {
        if client.read_buf(&mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(request)
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.map_or(0, |value| value.trim().parse().unwrap())
}

/// What the server answers, to its last byte.
async fn forwarded(line: &Line, request: &[u8]) -> io::Result<Vec<u8>> {
    let end_of_first_line = request.windows(2).position(|window| window == b"\r\n").unwrap() + 2;
    let (first_line, rest) = request.split_at(end_of_first_line);
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, line.server)).await?;
    // What a fault changes has to be readable.
    let rest = String::from_utf8_lossy(rest).replacen("accept-encoding: gzip\r\n", "", 1);
    server.write_all(&[first_line, b"connection: close\r\n", rest.as_bytes()].concat()).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(match &line.replaced {
        Some((from, to)) => with_length(&String::from_utf8_lossy(&answer).replace(from, &to.lock().unwrap())),
        None => answer,
    })
}

/// An answer whose length is that of its body again.
pub(super) fn with_length(answer: &str) -> Vec<u8> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let kept = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    let head: Vec<_> = kept.collect();
    format!("{}\r\ncontent-length: {}\r\n\r\n{body}", head.join("\r\n"), body.len()).into_bytes()
}
