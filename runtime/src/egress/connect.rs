//! Dials upstreams: resolve, check every address, connect to one of the very addresses that were checked.
//!
//! The three are one function here, so there is no gap in which a name could be rebound; each connection looks its name up and
//! checks what it finds for itself. A name that resolves to a mix of allowed and forbidden addresses is refused as a whole: an
//! honest provider has no such records. TLS is layered on top by `hyper-rustls` and always verifies the name that was granted.
//!
//! Whoever runs the other end, or its name server, can be slow on purpose. So a lookup ends after [`LOOKUP_TIME`], dialling after
//! [`DIAL_TIME`] over all addresses, and the whole with TLS after [`CONNECT_TIME`]; and one revision has [`MAX_LOOKUPS`] lookups
//! under way and [`MAX_CONNECTIONS`] connections open at most, idle ones included.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tower_service::Service;
use url::Url;

use super::address::{Reach, reach};
use super::grant::{Grant, Target, TargetHost};
use super::names::{LOOKUP_TIME, NameError, Names};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// For all of it: the lookup, dialling, and the TLS handshake.
const CONNECT_TIME: Duration = Duration::from_secs(20);
/// For dialling, over all addresses that are tried.
const DIAL_TIME: Duration = Duration::from_secs(10);
/// The addresses of one name that are tried.
const MAX_DIALLED: usize = 8;
/// Lookups of one revision that are under way at one time: a name server that is slow on purpose holds up its own revision alone.
const MAX_LOOKUPS: usize = 32;
/// Connections of one revision that are open at one time. A wildcard grant would let a guest collect idle ones without end.
const MAX_CONNECTIONS: usize = 4096;

/// Opens TCP connections for one revision, within its grants. One connector, and so one connection pool, belongs to one revision:
/// a connection checked under one policy is never used under another.
#[derive(Clone)]
pub(super) struct Connector {
    grants: Arc<[Grant]>,
    allow_private: bool,
    names: Names,
    lookups: Arc<Semaphore>,
    connections: Arc<Semaphore>,
}

/// A connector that gives up in time, TLS handshake included.
#[derive(Clone)]
pub(super) struct Timely<C> {
    connector: C,
    limit: Duration,
}

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("`{0}` resolves to {1}, an address that needs the operator's consent")]
    Prohibited(String, IpAddr),
    #[error("`{0}` has no address")]
    Unknown(String),
    #[error("`{0}` can't be looked up")]
    Unnamed(String, #[source] NameError),
    #[error("no name server answered in time for `{0}`")]
    NamedTooLate(String),
    #[error("connection refused by {0}")]
    Refused(String),
    #[error("no connection to {0} in time")]
    TimedOut(String),
    #[error("no connection to {0}: {1} are open")]
    TooMany(String, usize),
    #[error("no connection to {0}")]
    Failed(String, #[source] io::Error),
}

/// A TCP connection as hyper wants it.
pub(super) struct Upstream {
    stream: TokioIo<TcpStream>,
    _open: OwnedSemaphorePermit,
}

impl Connector {
    /// `allow_private` lets granted names resolve to private addresses.
    pub(super) fn new(names: Names, grants: Arc<[Grant]>, allow_private: bool) -> Self {
        let lookups = Arc::new(Semaphore::new(MAX_LOOKUPS));
        let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        Self { grants, allow_private, names, lookups, connections }
    }

    async fn connect(self, uri: Uri) -> Result<Upstream, ConnectError> {
        let target = Url::parse(&uri.to_string()).ok().and_then(|url| Target::of(&url));
        let target = target.ok_or_else(|| ConnectError::Refused(uri.host().unwrap_or_default().to_owned()))?;
        let open = Arc::clone(&self.connections).try_acquire_owned();
        let open = open.map_err(|_| ConnectError::TooMany(target.to_string(), MAX_CONNECTIONS))?;
        let addresses = self.resolve(&target).await?;
        if let Some(prohibited) = addresses.iter().find(|address| !self.allows(&target, **address)) {
            return Err(ConnectError::Prohibited(target.to_string(), *prohibited));
        }
        Ok(Upstream { stream: TokioIo::new(dial(&target, &addresses).await?), _open: open })
    }

    async fn resolve(&self, target: &Target) -> Result<Vec<IpAddr>, ConnectError> {
        let name = match &target.host {
            TargetHost::Address(address) => return Ok(vec![*address]),
            TargetHost::Name(name) => name.as_str(),
        };
        let found = tokio::time::timeout(LOOKUP_TIME, async {
            // Never closed, so it can't fail; without a permit the lookup is merely not counted.
            let _lookup = self.lookups.acquire().await.ok();
            self.names.addresses(name).await
        });
        found.await.unwrap_or(Err(NameError::TimedOut)).map_err(|error| match error {
            NameError::Unknown => ConnectError::Unknown(name.to_owned()),
            NameError::TimedOut => ConnectError::NamedTooLate(name.to_owned()),
            error => ConnectError::Unnamed(name.to_owned(), error),
        })
    }

    fn allows(&self, target: &Target, address: IpAddr) -> bool {
        match reach(address) {
            Reach::Public => true,
            Reach::Private if self.allow_private => true,
            Reach::Private | Reach::Special => {
                self.grants.iter().any(|grant| grant.covers(target) && grant.consents_to(address))
            }
        }
    }
}

/// Connects to one of a few addresses, in order. Each has an equal share of the time that is left.
async fn dial(target: &Target, addresses: &[IpAddr]) -> Result<TcpStream, ConnectError> {
    let end = Instant::now() + DIAL_TIME;
    let mut last = ConnectError::Unknown(target.host.to_string());
    let mut left = addresses.len().min(MAX_DIALLED);
    for address in addresses.iter().take(MAX_DIALLED) {
        let share = end.saturating_duration_since(Instant::now()) / u32::try_from(left).unwrap_or(1);
        left -= 1;
        let connecting = TcpStream::connect(SocketAddr::new(*address, target.port));
        last = match tokio::time::timeout(share, connecting).await {
            Err(_) => ConnectError::TimedOut(target.to_string()),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                ConnectError::Refused(target.to_string())
            }
            Ok(Err(error)) => ConnectError::Failed(target.to_string(), error),
            Ok(Ok(stream)) => {
                // Small writes are whole requests here; Nagle would only delay them.
                stream.set_nodelay(true).map_err(|error| ConnectError::Failed(target.to_string(), error))?;
                return Ok(stream);
            }
        };
    }
    Err(last)
}

impl<C> Timely<C> {
    pub(super) fn new(connector: C) -> Self {
        Self { connector, limit: CONNECT_TIME }
    }
}

impl<C> Service<Uri> for Timely<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let host = uri.host().unwrap_or_default().to_owned();
        let connecting = tokio::time::timeout(self.limit, self.connector.call(uri));
        Box::pin(async move {
            match connecting.await {
                Ok(connected) => connected.map_err(Into::into),
                Err(_) => Err(ConnectError::TimedOut(host).into()),
            }
        })
    }
}

impl Service<Uri> for Connector {
    type Response = Upstream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Upstream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

impl Connection for Upstream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Upstream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl hyper::rt::Write for Upstream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    /// A connector that never connects.
    struct Silent;

    impl Service<Uri> for Silent {
        type Response = ();
        type Error = BoxError;
        type Future = std::future::Pending<Result<(), BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Uri) -> Self::Future {
            std::future::pending()
        }
    }

    fn allows(grants: &[&str], allow_private: bool, target: &str, address: &str) -> bool {
        let grants = grants.iter().map(|grant| grant.parse().unwrap()).collect();
        let connector = Connector::new(Names::none(), grants, allow_private);
        connector.allows(&Target::parse(target).unwrap(), address.parse().unwrap())
    }

    #[test]
    fn a_granted_name_may_not_resolve_to_a_private_address_unless_the_operator_says_so() {
        let grants = ["https://api.example.com"];
        assert!(allows(&grants, false, "https://api.example.com", "93.184.216.34"));
        assert!(!allows(&grants, false, "https://api.example.com", "10.0.0.1"));
        assert!(allows(&grants, true, "https://api.example.com", "10.0.0.1"));
    }

    #[test]
    fn metadata_addresses_stay_closed_even_where_private_ones_are_open() {
        assert!(!allows(&["http://imds.example.com"], true, "http://imds.example.com", "169.254.169.254"));
        assert!(allows(&["http://169.254.169.254"], false, "http://169.254.169.254", "169.254.169.254"));
    }

    #[test]
    fn consent_to_an_address_is_for_that_grants_port_only() {
        assert!(allows(&["http://127.0.0.1:9000"], false, "http://127.0.0.1:9000", "127.0.0.1"));
        assert!(!allows(&["http://127.0.0.1:9000"], false, "http://127.0.0.1:9001", "127.0.0.1"));
    }

    #[tokio::test]
    async fn a_prohibited_address_is_refused_before_it_is_dialled() {
        let connector = Connector::new(Names::none(), Arc::new([]), false);
        let error = connector.connect("http://127.0.0.1:1".parse().unwrap()).await.err().unwrap();
        assert!(matches!(error, ConnectError::Prohibited(..)), "{error}");
    }

    #[tokio::test]
    async fn a_handshake_that_never_comes_is_given_up() {
        let mut connector = Timely { connector: Silent, limit: Duration::from_millis(5) };
        let error = connector.call("https://silent.test".parse().unwrap()).await.err().unwrap();
        assert!(matches!(error.downcast_ref(), Some(ConnectError::TimedOut(host)) if host == "silent.test"), "{error}");
    }

    #[tokio::test]
    async fn a_name_with_many_addresses_is_tried_at_a_few() {
        // Nobody listens on any but the last, which is one too many.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Target::parse(&format!("http://many.test:{port}")).unwrap();
        let mut addresses: Vec<IpAddr> = (1..=MAX_DIALLED as u8).map(|n| [127, 0, 1, n].into()).collect();
        addresses.push([127, 0, 0, 1].into());
        assert!(matches!(dial(&target, &addresses).await, Err(ConnectError::Refused(_))));
        addresses.remove(0);
        assert!(dial(&target, &addresses).await.is_ok());
    }

    #[tokio::test]
    async fn connections_are_counted_for_as_long_as_they_are_open() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let mut connector = Connector::new(Names::none(), Arc::new([origin.parse().unwrap()]), false);
        connector.connections = Arc::new(Semaphore::new(1));
        let uri: Uri = origin.parse().unwrap();
        let open = connector.clone().connect(uri.clone()).await.unwrap();
        assert!(matches!(connector.clone().connect(uri.clone()).await, Err(ConnectError::TooMany(..))));
        drop(open);
        assert!(connector.connect(uri).await.is_ok());
    }
}
