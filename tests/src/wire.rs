//! A wire between a function and a server, whose connections a test can cut, and which writes down what is said on it.

#![expect(clippy::unwrap_used, reason = "a wire that cannot be laid has failed the test that stands on it")]

mod transcript;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::try_join;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use url::Url;

use self::transcript::Side;
pub use self::transcript::{Asked, Transcript};

/// How a connection ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cut {
    /// The server closes it.
    Close,
    /// The server resets it.
    Reset,
    /// Nobody says anything any more.
    Silence,
}

/// Every way in which a connection ends.
pub const CUTS: [Cut; 3] = [Cut::Close, Cut::Reset, Cut::Silence];

/// A port of the loopback that leads to a server, until it is dropped.
#[derive(Debug)]
pub struct Wire {
    origin: String,
    line: Arc<Line>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Line {
    opened: AtomicUsize,
    live: Mutex<Vec<(oneshot::Sender<Cut>, JoinHandle<()>)>>,
    is_recorded: bool,
    transcripts: Mutex<Vec<Arc<Transcript>>>,
}

impl Wire {
    /// A wire to the server at an origin of the loopback.
    ///
    /// # Panics
    /// If there is no port to listen on, or the origin has none.
    pub async fn to(origin: &str) -> Self {
        Self::lay(origin, false).await
    }

    /// The same, and all that is said is written down, for as long as the wire is there.
    ///
    /// # Panics
    /// If there is no port to listen on, or the origin has none.
    pub async fn recorded(origin: &str) -> Self {
        Self::lay(origin, true).await
    }

    async fn lay(origin: &str, is_recorded: bool) -> Self {
        let port = Url::parse(origin).unwrap().port().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let line = Arc::new(Line { is_recorded, ..Line::default() });
        let task = tokio::spawn(accept(listener, (Ipv4Addr::LOCALHOST, port).into(), line.clone()));
        Self { origin, line, task }
    }

    /// Where it begins.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many connections were ever opened.
    pub fn opened(&self) -> usize {
        self.line.opened.load(Ordering::SeqCst)
    }

    /// What was said on each connection so far, in the order in which they were opened; nothing where it is not recorded.
    pub fn transcripts(&self) -> Vec<Arc<Transcript>> {
        self.line.transcripts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends every connection that there is, and is done when they have ended.
    ///
    /// # Panics
    /// If one cannot be reset.
    pub async fn cut(&self, cut: Cut) {
        let live = std::mem::take(&mut *self.line.live.lock().unwrap_or_else(PoisonError::into_inner));
        for (sender, task) in live {
            // One that has ended by itself listens no more.
            if sender.send(cut).is_ok() && cut != Cut::Silence {
                task.await.unwrap();
            }
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, line: Arc<Line>) {
    while let Ok((client, _)) = listener.accept().await {
        line.opened.fetch_add(1, Ordering::SeqCst);
        let (sender, cut) = oneshot::channel();
        let transcript = Arc::new(Transcript::new(line.is_recorded));
        if line.is_recorded {
            line.transcripts.lock().unwrap_or_else(PoisonError::into_inner).push(transcript.clone());
        }
        let task = tokio::spawn(carry(client, server, cut, transcript));
        line.live.lock().unwrap_or_else(PoisonError::into_inner).push((sender, task));
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, cut: oneshot::Receiver<Cut>, transcript: Arc<Transcript>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let there = pass_on(from_client, to_server, &transcript.asked);
    let back = pass_on(from_server, to_client, &transcript.answered);
    let cut = tokio::select! {
        cut = cut => cut,
        _ = try_join(there, back) => return,
    };
    match cut {
        Ok(Cut::Reset) => client.set_zero_linger().unwrap(),
        Ok(Cut::Silence) => std::future::pending().await,
        Ok(Cut::Close) | Err(_) => {}
    }
}

/// Passes on what one says and writes it down, until that one has nothing more to say.
async fn pass_on(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, side: &Side) -> io::Result<()> {
    let mut said = [0; 16 * 1024];
    loop {
        let length = from.read(&mut said).await?;
        let said = said.get(..length).unwrap_or_default();
        if said.is_empty() {
            return to.shutdown().await;
        }
        side.add(said);
        to.write_all(said).await?;
    }
}
