//! An upstream within the process, for conformance cases: it takes the place of dialling, and of nothing else.
//!
//! Grants, headers, credentials, counting and scrubbing are those of any request; what is left out is what needs a network, which is
//! name, address and TLS. So a stand-in speaks HTTP/1.1 over a pipe whatever the URL's scheme is. Nothing that serves uses one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tower_service::Service;

use super::connect::{ConnectError, Connector, Timely, Upstream};

/// Takes the place of every upstream.
pub trait StandIn: Send + Sync {
    /// A connection to the upstream of that origin (`https://api.example.com`), or why there is none. Called within a tokio runtime.
    fn dial(&self, origin: &str) -> io::Result<DuplexStream>;
}

/// Where the connections of one revision lead.
#[derive(Clone)]
pub(super) enum Dialler {
    Network(Timely<HttpsConnector<Connector>>),
    StandIn(Arc<dyn StandIn>),
}

/// A connection, as hyper wants it.
pub(super) enum Line {
    Network(Box<MaybeHttpsStream<Upstream>>),
    StandIn(TokioIo<DuplexStream>),
}

impl Service<Uri> for Dialler {
    type Response = Line;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Line, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        match self {
            Self::Network(connector) => connector.poll_ready(cx),
            Self::StandIn(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self {
            Self::Network(connector) => {
                let connecting = connector.call(uri);
                Box::pin(async move { Ok(Line::Network(Box::new(connecting.await?))) })
            }
            Self::StandIn(stand_in) => {
                let origin = format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default());
                let dialled = stand_in.dial(&origin).map_err(|error| match error.kind() {
                    io::ErrorKind::ConnectionRefused => ConnectError::Refused(origin),
                    _ => ConnectError::Failed(origin, error),
                });
                Box::pin(std::future::ready(match dialled {
                    Ok(pipe) => Ok(Line::StandIn(TokioIo::new(pipe))),
                    Err(error) => Err(error.into()),
                }))
            }
        }
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        match self {
            Self::Network(stream) => stream.connected(),
            Self::StandIn(_) => Connected::new(),
        }
    }
}

impl hyper::rt::Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Network(stream) => Pin::new(&mut **stream).poll_read(cx, buf),
            Self::StandIn(pipe) => Pin::new(pipe).poll_read(cx, buf),
        }
    }
}

impl hyper::rt::Write for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Network(stream) => Pin::new(&mut **stream).poll_write(cx, buf),
            Self::StandIn(pipe) => Pin::new(pipe).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Network(stream) => Pin::new(&mut **stream).poll_flush(cx),
            Self::StandIn(pipe) => Pin::new(pipe).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Network(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
            Self::StandIn(pipe) => Pin::new(pipe).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Network(stream) => stream.is_write_vectored(),
            Self::StandIn(pipe) => pipe.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Network(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, bufs),
            Self::StandIn(pipe) => Pin::new(pipe).poll_write_vectored(cx, bufs),
        }
    }
}
