//! The load generator's side of one connection: a request that was written out beforehand goes out, one answer comes back.
//!
//! Made to cost little, since it shares the cores with what it measures: one write, few reads, one buffer for the connection's life.
//! No TLS, no HTTP/2, no redirects, no second attempt.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::answer::{Answer, Reader};

/// A streamed answer of 100 chunks fits.
const BUFFER: usize = 64 * 1024;

/// A kept HTTP/1.1 connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("no connection to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Sends a request and waits for its whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.exchange_until(request, None).await
    }

    /// The same; the answer says when these words of it had come.
    pub(crate) async fn exchange_until(&mut self, request: &[u8], words: Option<&str>) -> anyhow::Result<Answer<'_>> {
        self.buffer.clear();
        self.stream.write_all(request).await.context("the request was not taken")?;
        let (mut reader, mut first) = (Reader::default(), None);
        while !reader.is_complete(&self.buffer)? {
            let read = self.stream.read_buf(&mut self.buffer).await.context("no answer")?;
            anyhow::ensure!(read > 0, "the connection was closed before the answer's end");
            if let (None, Some(words)) = (first, words) {
                first = memmem::find(&self.buffer, words.as_bytes()).map(|_| Instant::now());
            }
        }
        let mut answer = reader.answer(&self.buffer);
        answer.first = first;
        Ok(answer)
    }
}
