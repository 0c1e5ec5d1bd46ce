//! Google, answering on loopback whatever it is told to.

#![expect(clippy::unwrap_used, reason = "a loopback address can be had")]

use std::{io, net::Ipv4Addr, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status; none of those without a body.
    pub(crate) status: u16,
    /// The headers, without those that say how long it is.
    pub(crate) headers: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// JSON that may be kept for an hour.
    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        let headers = "content-type: application/json\r\ncache-control: max-age=3600\r\n".to_owned();
        Self { status: 200, headers, body: body.into() }
    }
}

/// Answers by the path and the body, for as long as the runtime runs that this is called in; the origin.
pub(crate) async fn serve(answer: impl Fn(&str, &[u8]) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move { while_open(stream, &*answer).await });
        }
    });
    origin
}

async fn while_open(stream: TcpStream, answer: &(impl Fn(&str, &[u8]) -> Answer + Sync)) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let mut words = line.split(' ');
        // Nothing that we are told to reach is reached through a tunnel.
        let (Some("GET" | "POST"), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
        let mut body = vec![0; length_of_body(&mut stream).await?];
        stream.read_exact(&mut body).await?;
        let Answer { status, headers, body } = answer(path, &body);
        let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).await?;
    }
}

async fn length_of_body(stream: &mut BufReader<TcpStream>) -> io::Result<usize> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap_or_default(),
            Some(_) => {}
            None => return Ok(length),
        }
    }
}
