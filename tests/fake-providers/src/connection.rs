//! One accepted connection: its number, its place in the count of live ones, and whether it is to end
//! in a reset. Nothing here reads HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// A TCP connection that leaves the count of live ones when it is dropped.
pub(crate) struct Connection {
    stream: TcpStream,
    reset: ResetSwitch,
    // Dropped after `stream`: who awaits zero connections finds the socket closed.
    _live: Counted,
}

/// Decides whether a connection ends in a reset (RST) or in an ordinary close (FIN).
#[derive(Clone, Default)]
pub(crate) struct ResetSwitch(Arc<AtomicBool>);

/// Adds one to a count for as long as it lives.
pub(crate) struct Counted(watch::Sender<usize>);

impl Connection {
    pub(crate) fn new(stream: TcpStream, reset: ResetSwitch, live: Counted) -> io::Result<Connection> {
        stream.set_nodelay(true)?;
        Ok(Connection { stream, reset, _live: live })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.reset.0.load(Ordering::Acquire) {
            // Fails only on a socket that is closed already.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl ResetSwitch {
    pub(crate) fn throw(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Counted {
    pub(crate) fn new(count: &watch::Sender<usize>) -> Counted {
        count.send_modify(|live| *live += 1);
        Counted(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|live| *live -= 1);
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
