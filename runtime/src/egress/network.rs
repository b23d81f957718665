//! What all egress of a process shares: whom it trusts, and where it looks up names. Knows no revision and dials nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use super::names::Names;
use super::stand_in::StandIn;
use super::tap::Tap;

/// Made once per process; clones are cheap and share everything.
#[derive(Clone)]
pub struct Network {
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) names: Names,
    pub(super) stand_in: Option<Arc<dyn StandIn>>,
    pub(super) tap: Option<Arc<dyn Tap>>,
}

impl Network {
    /// Trusts what [`tls_config`] trusts and asks `dns_servers`; none: the system's.
    pub fn new(dns_servers: &[SocketAddr]) -> Self {
        Self { tls: tls_config(), names: Names::new(dns_servers), stand_in: None, tap: None }
    }

    /// Trusts nobody and knows no name.
    pub(super) fn none() -> Self {
        Self { tls: tls_trusting(rustls::RootCertStore::empty()), names: Names::none(), stand_in: None, tap: None }
    }

    /// Has `tap` watch all that passes.
    pub fn watched_by(self, tap: Arc<dyn Tap>) -> Self {
        Self { tap: Some(tap), ..self }
    }

    /// Reaches nobody but `stand_in`, which takes the place of every upstream.
    pub fn played_by(stand_in: Arc<dyn StandIn>) -> Self {
        Self { stand_in: Some(stand_in), ..Self::none() }
    }
}

/// The TLS settings of all egress.
///
/// Trusts the machine's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` override where they are read from); without any, Mozilla's.
pub fn tls_config() -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    tls_trusting(roots)
}

pub(super) fn tls_trusting(roots: rustls::RootCertStore) -> Arc<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    #[expect(clippy::expect_used, reason = "ring supports TLS 1.2 and 1.3, which are all the default versions")]
    let builder = builder.expect("the provider supports the default versions");
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}
