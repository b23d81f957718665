//! Dials upstreams: resolve, check every address, connect to the very address that was checked.
//!
//! Resolving and dialling are one step here, so there is no gap in which a name could be rebound. A name that resolves to a mix of
//! allowed and forbidden addresses is refused as a whole: an honest provider has no such records. TLS is layered on top by
//! `hyper-rustls` and always verifies the name that was granted.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tower_service::Service;
use url::Url;

use super::address::{Reach, reach};
use super::grant::{Grant, Target, TargetHost};

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens TCP connections for one revision, within its grants. One connector, and so one connection pool, belongs to one revision:
/// a connection checked under one policy is never used under another.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) grants: Arc<[Grant]>,
    pub(super) allow_private: bool,
}

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("`{0}` resolves to {1}, an address that needs the operator's consent")]
    Prohibited(String, IpAddr),
    #[error("`{0}` can't be resolved")]
    Resolve(String, #[source] io::Error),
    #[error("connection refused by {0}")]
    Refused(String),
    #[error("no connection to {0} in time")]
    TimedOut(String),
    #[error("no connection to {0}")]
    Failed(String, #[source] io::Error),
}

/// A TCP connection as hyper wants it.
pub(super) struct Upstream(TokioIo<TcpStream>);

impl Connector {
    async fn connect(self, uri: Uri) -> Result<Upstream, ConnectError> {
        let target = Url::parse(&uri.to_string()).ok().and_then(|url| Target::of(&url));
        let target = target.ok_or_else(|| ConnectError::Refused(uri.host().unwrap_or_default().to_owned()))?;
        let addresses = resolve(&target).await?;
        if let Some(prohibited) = addresses.iter().find(|address| !self.allows(&target, address.ip())) {
            return Err(ConnectError::Prohibited(target.to_string(), prohibited.ip()));
        }
        dial(&target, &addresses).await
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

async fn resolve(target: &Target) -> Result<Vec<SocketAddr>, ConnectError> {
    let name = match &target.host {
        TargetHost::Address(address) => return Ok(vec![SocketAddr::new(*address, target.port)]),
        TargetHost::Name(name) => name.as_str(),
    };
    let found = tokio::time::timeout(RESOLVE_TIMEOUT, lookup_host((name, target.port))).await;
    let found = found.map_err(|_| ConnectError::TimedOut(target.to_string()))?;
    Ok(found.map_err(|error| ConnectError::Resolve(name.to_owned(), error))?.collect())
}

async fn dial(target: &Target, addresses: &[SocketAddr]) -> Result<Upstream, ConnectError> {
    let mut last = ConnectError::Resolve(target.host.to_string(), io::ErrorKind::NotFound.into());
    for address in addresses {
        last = match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Err(_) => ConnectError::TimedOut(target.to_string()),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                ConnectError::Refused(target.to_string())
            }
            Ok(Err(error)) => ConnectError::Failed(target.to_string(), error),
            Ok(Ok(stream)) => {
                // Small writes are whole requests here; Nagle would only delay them.
                stream.set_nodelay(true).map_err(|error| ConnectError::Failed(target.to_string(), error))?;
                return Ok(Upstream(TokioIo::new(stream)));
            }
        };
    }
    Err(last)
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
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl hyper::rt::Write for Upstream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    fn allows(grants: &[&str], allow_private: bool, target: &str, address: &str) -> bool {
        let connector =
            Connector { grants: grants.iter().map(|grant| grant.parse().unwrap()).collect(), allow_private };
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
        let connector = Connector { grants: Arc::new([]), allow_private: false };
        let error = connector.connect("http://127.0.0.1:1".parse().unwrap()).await.err().unwrap();
        assert!(matches!(error, ConnectError::Prohibited(..)), "{error}");
    }
}
