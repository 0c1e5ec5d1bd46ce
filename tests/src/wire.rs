//! A wire between a function and a server, whose connections a test can cut.

#![expect(clippy::unwrap_used, reason = "a wire that cannot be laid has failed the test that stands on it")]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use url::Url;

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
}

impl Wire {
    /// A wire to the server at an origin of the loopback.
    ///
    /// # Panics
    /// If there is no port to listen on, or the origin has none.
    pub async fn to(origin: &str) -> Self {
        let port = Url::parse(origin).unwrap().port().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let line = Arc::new(Line::default());
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
        let task = tokio::spawn(carry(client, server, cut));
        line.live.lock().unwrap_or_else(PoisonError::into_inner).push((sender, task));
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, cut: oneshot::Receiver<Cut>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let cut = tokio::select! {
        cut = cut => cut,
        _ = copy_bidirectional(&mut client, &mut server) => return,
    };
    match cut {
        Ok(Cut::Reset) => client.set_zero_linger().unwrap(),
        Ok(Cut::Silence) => std::future::pending().await,
        Ok(Cut::Close) | Err(_) => {}
    }
}
