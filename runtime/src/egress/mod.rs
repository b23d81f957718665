//! Everything that leaves a guest leaves through here (invariants 1 and 2).
//!
//! A request passes these gates in order: the sandbox's request count, the grants, the removal of headers that belong to the
//! connection, the credentials, then [`connect`]'s address check at dialling time. On the way back the body is counted and scrubbed
//! of credentials. Redirects are not followed: a guest that wants to follow one sends a new request, which is checked anew.
//! Nothing here knows Wasm; `sandbox` hands over plain HTTP requests.

mod address;
mod body;
mod connect;
mod credential;
mod grant;
mod meter;
mod scrub;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::Url;

use body::{Metered, Patient, Scrubbed};
use connect::{ConnectError, Connector};
use meter::Direction;
use scrub::Secrets;

#[cfg(feature = "fuzzing")]
pub(crate) use address::is_public;
pub(crate) use credential::is_placeable;
pub use credential::{Credential, MIN_SECRET_BYTES, Placement, Secret, SecretError};
pub use grant::{Grant, GrantError, Target};
pub use meter::{EgressLimits, Meter};

/// Headers that describe a connection, not a message (RFC 9110 §7.6.1), or that would let a guest speak for another host.
const CONNECTION_HEADERS: [HeaderName; 12] = [
    http::header::CONNECTION,
    http::header::EXPECT,
    http::header::HOST,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    http::header::PROXY_AUTHENTICATE,
    http::header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    http::header::TE,
    http::header::TRAILER,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
];

const POOL_IDLE: Duration = Duration::from_secs(60);
const MAX_URL_BYTES: usize = 16 * 1024;

/// A body on its way out of a guest.
pub type OutgoingBody = UnsyncBoxBody<Bytes, EgressError>;
/// A body on its way into a guest.
pub type IncomingBody = UnsyncBoxBody<Bytes, EgressError>;

/// One revision's way out: its grants, its credentials, and the connections made under them.
pub struct Egress {
    grants: Arc<[Grant]>,
    credentials: Vec<Credential>,
    secrets: Secrets,
    client: Client<HttpsConnector<Connector>, OutgoingBody>,
}

/// How long a guest is ready to wait. Our own bounds hold whatever it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    /// For the response's head.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the response's body.
    pub between_bytes: Option<Duration>,
}

/// Why a request failed on its way.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// No grant covers the target, or the address needs consent.
    #[error("denied")]
    Denied,
    /// The request isn't one we send: scheme, host, method or length of its URL.
    #[error("invalid request: {0}")]
    Invalid(&'static str),
    /// The sandbox has sent as many requests as it may.
    #[error("more than {limit} requests")]
    TooManyRequests {
        /// The cap.
        limit: u32,
    },
    /// The sandbox has sent as many bytes as it may.
    #[error("more than {limit} bytes sent")]
    TooManyBytesOut {
        /// The cap, in bytes.
        limit: u64,
    },
    /// The sandbox has received as many bytes as it may.
    #[error("more than {limit} bytes received")]
    TooManyBytesIn {
        /// The cap, in bytes.
        limit: u64,
    },
    /// The name can't be resolved.
    #[error("name not resolved")]
    NotResolved,
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// No connection, no head, or no further bytes in time.
    #[error("timed out")]
    TimedOut,
    /// TLS failed: most often a certificate that isn't trusted.
    #[error("tls failed")]
    Tls,
    /// The upstream compressed its answer or gave a part of it, although it wasn't asked to; credentials couldn't be found in it.
    #[error("compressed or partial answer")]
    Unscrubbable,
    /// The upstream broke off or broke the protocol.
    #[error("connection failed")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The TLS settings of all egress, made once per process.
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

fn tls_without_roots() -> Arc<rustls::ClientConfig> {
    tls_trusting(rustls::RootCertStore::empty())
}

fn tls_trusting(roots: rustls::RootCertStore) -> Arc<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    #[expect(clippy::expect_used, reason = "ring supports TLS 1.2 and 1.3, which are all the default versions")]
    let builder = builder.expect("the provider supports the default versions");
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

impl Egress {
    /// The way out for one revision. `allow_private` lets granted names resolve to private addresses.
    pub fn new(
        tls: &Arc<rustls::ClientConfig>,
        grants: Vec<Grant>,
        allow_private: bool,
        credentials: Vec<Credential>,
    ) -> Self {
        let grants: Arc<[Grant]> = grants.into();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(rustls::ClientConfig::clone(tls))
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Connector { grants: Arc::clone(&grants), allow_private });
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(connector);
        let secrets = Secrets::new(credentials.iter().map(|credential| credential.secret.expose()));
        Self { grants, credentials, secrets, client }
    }

    /// No way out at all: for `describe`, which is called before anything is granted.
    pub fn closed() -> Self {
        Self::new(&tls_without_roots(), Vec::new(), false, Vec::new())
    }

    /// Sends one request of the sandbox that `meter` belongs to. Dropping the future, or the body of its response, closes the
    /// connection it used.
    pub async fn send(
        &self,
        meter: Arc<Meter>,
        request: Request<OutgoingBody>,
        patience: Patience,
    ) -> Result<Response<IncomingBody>, EgressError> {
        meter.count_request()?;
        let request = self.admit(&meter, request)?;
        let sent = self.client.request(request);
        let response = match patience.first_byte {
            Some(limit) => tokio::time::timeout(limit, sent).await.map_err(|_| EgressError::TimedOut)?,
            None => sent.await,
        };
        let response = response.map_err(|error| explain(&meter, error))?;
        self.receive(meter, response, patience)
    }

    /// Checks the target against the grants and gives the request the form in which it may leave.
    fn admit(&self, meter: &Arc<Meter>, request: Request<OutgoingBody>) -> Result<Request<OutgoingBody>, EgressError> {
        let (mut parts, body) = request.into_parts();
        if matches!(parts.method, Method::CONNECT | Method::TRACE) {
            return Err(EgressError::Invalid("method"));
        }
        let text = parts.uri.to_string();
        if text.len() > MAX_URL_BYTES {
            return Err(EgressError::Invalid("url too long"));
        }
        let mut url = Url::parse(&text).map_err(|_| EgressError::Invalid("url"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Invalid("user information in the url"));
        }
        let target = Target::of(&url).ok_or(EgressError::Invalid("scheme or host"))?;
        if !self.grants.iter().any(|grant| grant.covers(&target)) {
            meter.note_denial(format!("the adapter may not reach {target}: no grant covers it; the operator can add one with --allow-host {target}"));
            return Err(EgressError::Denied);
        }
        for name in &CONNECTION_HEADERS {
            parts.headers.remove(name);
        }
        parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if !self.secrets.is_empty() {
            // A part of an answer could be cut so that it holds a part of a credential.
            parts.headers.remove(RANGE);
            parts.headers.remove(IF_RANGE);
        }
        for credential in &self.credentials {
            credential.put_on(&target, &mut url, &mut parts.headers);
        }
        let tail = &url[url::Position::BeforePath..url::Position::AfterQuery];
        parts.uri = format!("{target}{tail}").parse().map_err(|_| EgressError::Invalid("url"))?;
        meter.note_host(target.to_string());
        let body = Metered { body, meter: Arc::clone(meter), direction: Direction::Out };
        Ok(Request::from_parts(parts, body.boxed_unsync()))
    }

    /// Counts and scrubs what comes back.
    fn receive(
        &self,
        meter: Arc<Meter>,
        response: Response<Incoming>,
        patience: Patience,
    ) -> Result<Response<IncomingBody>, EgressError> {
        let (mut parts, body) = response.into_parts();
        let mut body = Metered { body, meter, direction: Direction::In }.boxed_unsync();
        if !self.secrets.is_empty() {
            let mut encodings = parts.headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
            if parts.status == StatusCode::PARTIAL_CONTENT
                || encodings.any(|coding| !coding.eq_ignore_ascii_case(b"identity"))
            {
                return Err(EgressError::Unscrubbable);
            }
            self.scrub_headers(&mut parts.headers);
            // A placeholder has another length than the secret it stands for.
            parts.headers.remove(CONTENT_LENGTH);
            body = Scrubbed::new(body, self.secrets.clone()).boxed_unsync();
        }
        if let Some(limit) = patience.between_bytes {
            body = Patient::new(body, limit).boxed_unsync();
        }
        for name in &CONNECTION_HEADERS {
            parts.headers.remove(name);
        }
        Ok(Response::from_parts(parts, body))
    }

    fn scrub_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let clean = self.secrets.scrub(value.as_bytes());
            if let Some(clean) = clean.and_then(|clean| HeaderValue::from_bytes(&clean).ok()) {
                *value = clean;
            }
        }
    }
}

/// Finds our own reason below hyper's error.
fn explain(meter: &Meter, error: hyper_util::client::legacy::Error) -> EgressError {
    let is_connect = error.is_connect();
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<ConnectError>() {
            return match cause {
                ConnectError::Prohibited(target, address) => {
                    // The address is the operator's to know, not the caller's.
                    tracing::warn!(%target, %address, "egress denied: the name resolves to an address that needs consent");
                    meter.note_denial(format!(
                        "the adapter may not reach {target}: it has no public address; \
                         the operator can consent with --allow-private, or by granting the address itself"
                    ));
                    EgressError::Denied
                }
                ConnectError::Resolve(..) => EgressError::NotResolved,
                ConnectError::Refused(_) => EgressError::Refused,
                ConnectError::TimedOut(_) => EgressError::TimedOut,
                ConnectError::Failed(..) => EgressError::Connection(error.into()),
            };
        }
        // A body's own error (too many bytes) comes back through hyper.
        if let Some(EgressError::TooManyBytesOut { limit }) = cause.downcast_ref::<EgressError>() {
            return EgressError::TooManyBytesOut { limit: *limit };
        }
        if is_connect && cause.downcast_ref::<rustls::Error>().is_some() {
            return EgressError::Tls;
        }
        let inner = cause.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        source = match inner {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    EgressError::Connection(error.into())
}

impl From<hyper::Error> for EgressError {
    fn from(error: hyper::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Connection(error.into()) }
    }
}

#[cfg(test)]
mod tests;
