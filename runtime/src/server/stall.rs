//! A client's connection that fails when the client stalls: one that says nothing at first, or that doesn't take what it asked for.
//!
//! hyper bounds the time for a request's head once it knows the protocol; this bounds the time until then, and the time for which a
//! write may wait. Silence between requests, or while an adapter thinks, is no stall.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::activity::Activity;

/// The length of HTTP/2's preface, and less than any request of HTTP/1: by then the protocol is known.
const PREFACE: usize = 24;

/// A connection that is watched.
pub(super) struct Stalling {
    stream: TcpStream,
    read: usize,
    patience: Duration,
    /// Until the client has begun.
    begin: Option<Pin<Box<Sleep>>>,
    /// While a write waits.
    take: Option<Pin<Box<Sleep>>>,
    activity: Arc<Activity>,
}

impl Stalling {
    /// `patience` is how long the client may take to begin, and how long it may leave what is written to it.
    pub(super) fn new(stream: TcpStream, patience: Duration, activity: Arc<Activity>) -> Self {
        let begin = Some(Box::pin(tokio::time::sleep(patience)));
        Self { stream, read: 0, patience, begin, take: None, activity }
    }

    /// Passes on what a write came to; while it waits, the time runs.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.take.take().is_some() {
                self.activity.note_writing(false);
            }
            return written;
        }
        let take = self.take.get_or_insert_with(|| {
            self.activity.note_writing(true);
            Box::pin(tokio::time::sleep_until(Instant::now() + self.patience))
        });
        ready!(take.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stalling {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let Some(begin) = &mut self.begin else { return read };
        if read.is_pending() {
            ready!(begin.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.read += buffer.filled().len() - before;
        if self.read >= PREFACE {
            self.begin = None;
        }
        read
    }
}

impl AsyncWrite for Stalling {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.in_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    const SHORT: Duration = Duration::from_millis(50);

    /// Both ends of a connection, the server's watched.
    async fn connection() -> (Stalling, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (client, server) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        (Stalling::new(server.unwrap().0, SHORT, Arc::default()), client.unwrap())
    }

    #[tokio::test]
    async fn a_client_that_never_begins_is_given_up() {
        let (mut server, _client) = connection().await;
        assert_eq!(server.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_is_given_up() {
        let (mut server, _client) = connection().await;
        let piece = vec![0; 1 << 20];
        let error = loop {
            if let Err(error) = server.write_all(&piece).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn silence_after_a_request_is_no_stall() {
        let (mut server, mut client) = connection().await;
        client.write_all(&[b'x'; PREFACE]).await.unwrap();
        server.read_exact(&mut [0; PREFACE]).await.unwrap();
        let waited = tokio::time::timeout(4 * SHORT, server.read_u8()).await;
        assert!(waited.is_err(), "the connection was given up");
    }
}
