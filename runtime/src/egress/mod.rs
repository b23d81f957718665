//! Everything that leaves a guest leaves through here (invariants 1 and 2).
//!
//! A request passes these gates in order: the sandbox's request count, the form that [`request`] gives it, the grants, the
//! credentials, then [`connect`]'s address check at dialling time. On the way back the body is counted and scrubbed of credentials.
//! Redirects are not followed: a guest that wants to follow one sends a new request, which is checked anew. Nothing here knows
//! Wasm; `sandbox` hands over plain HTTP requests.
//!
//! What bounds what:
//!
//! - Connecting, from the lookup to the end of the TLS handshake: [`connect`]'s own times.
//! - An answer's head and body: no time of ours, because a model may think for as long as its operator lets it. The sandbox's
//!   deadline ends them, and its limit on received bytes a body without end. A guest's own times can only be shorter.
//! - An answer's head: its headers' number and bytes, and the number of interim answers before it.
//! - A request: its URL's and headers' bytes; its body by the sandbox's limit on sent bytes.
//! - Requests of one sandbox: their number, and how many are under way at one time ([`meter`]).
//! - Connections of one revision: how many are open, and how many are kept idle for one host.
//! - Decompression: never done. We ask for `identity`; where there are credentials to find, another coding is refused, and where
//!   there are none, the bytes go to the guest as they came.

mod address;
mod body;
mod client;
mod connect;
mod credential;
mod error;
mod grant;
mod meter;
mod names;
mod network;
mod pool;
mod request;
mod scrub;
mod secret_text;
mod stand_in;
mod tap;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper_rustls::HttpsConnectorBuilder;
use tokio::sync::Notify;

use body::{Metered, Patient, Scrubbed};
use client::{Client, Download};
use connect::{Connector, Timely};
use meter::Turn;
use request::{CONNECTION_HEADERS, Reading};
use scrub::Secrets;
use stand_in::Dialler;
use tap::{Watched, WatchedBody};

#[cfg(feature = "fuzzing")]
pub(crate) use address::is_public;
pub use credential::{Credential, MIN_SECRET_BYTES, Placement, Secret, SecretError};
pub(crate) use credential::{is_placeable, stand_in_for};
pub use error::EgressError;
pub(crate) use grant::quotable;
pub use grant::{Grant, GrantError, Target};
pub use meter::{EgressLimits, Meter};
pub use network::{Network, tls_config};
pub use secret_text::SecretText;
pub use stand_in::StandIn;
pub use tap::{Passing, Tap};

/// Interim (1xx) answers to one request. One or two are usual; a flood of them would keep a request from ever timing out.
const MAX_INTERIM_ANSWERS: u32 = 16;

/// A body on its way out of a guest.
pub type OutgoingBody = UnsyncBoxBody<Bytes, EgressError>;
/// A body on its way into a guest.
pub type IncomingBody = UnsyncBoxBody<Bytes, EgressError>;

/// One revision's way out: its grants, its credentials, and the connections made under them.
pub struct Egress {
    grants: Arc<[Grant]>,
    credentials: Vec<Credential>,
    secrets: Secrets,
    client: Client,
    /// The URL that was granted last, and what it means.
    granted_last: Mutex<Option<Arc<Reading>>>,
    tap: Option<Arc<dyn Tap>>,
}

/// A request in the form in which it may leave.
struct Admitted {
    to: Arc<Reading>,
    request: Request<OutgoingBody>,
    watched: Option<Watched>,
}

/// How long a guest is ready to wait. Our own bounds hold whatever it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    /// For the response's head.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the response's body.
    pub between_bytes: Option<Duration>,
}

impl Egress {
    /// The way out for one revision. `allow_private` lets granted names resolve to private addresses.
    pub fn new(network: &Network, grants: Vec<Grant>, allow_private: bool, credentials: Vec<Credential>) -> Self {
        let grants: Arc<[Grant]> = grants.into();
        let dialler = match &network.stand_in {
            Some(stand_in) => Dialler::StandIn(Arc::clone(stand_in)),
            None => {
                let connector = Connector::new(network.names.clone(), Arc::clone(&grants), allow_private);
                let tls = HttpsConnectorBuilder::new().with_tls_config(rustls::ClientConfig::clone(&network.tls));
                Dialler::Network(Timely::new(tls.https_or_http().enable_all_versions().wrap_connector(connector)))
            }
        };
        let secrets = Secrets::new(credentials.iter().map(|credential| credential.secret.expose()));
        let (client, tap) = (Client::new(dialler), network.tap.clone());
        Self { grants, credentials, secrets, client, granted_last: Mutex::default(), tap }
    }

    /// No way out at all: for `describe`, which is called before anything is granted.
    pub fn closed() -> Self {
        Self::new(&Network::none(), Vec::new(), false, Vec::new())
    }

    /// Sends one request of the sandbox that `meter` belongs to. Dropping the future, or the body of its response, closes the
    /// connection it used.
    pub async fn send(
        &self,
        meter: Arc<Meter>,
        request: Request<OutgoingBody>,
        patience: Patience,
    ) -> Result<Response<IncomingBody>, EgressError> {
        let turn = meter.begin_request()?;
        let Admitted { to, mut request, watched } = self.admit(&meter, request)?;
        let flooded = watch_interim_answers(&mut request);
        let sent = self.client.send(&to.target, request);
        let answered = async {
            match patience.first_byte {
                Some(limit) => tokio::time::timeout(limit, sent).await.map_err(|_| EgressError::TimedOut),
                None => Ok(sent.await),
            }
        };
        let response = tokio::select! {
            answered = answered => answered.and_then(|sent| sent.map_err(|error| error::explain(&meter, error))),
            () = flooded.notified() => Err(EgressError::Garbled),
        };
        let response = response.and_then(|response| self.receive(meter, turn, response, patience));
        match watched {
            None => response,
            Some(watched) => watch(watched, response),
        }
    }

    /// Checks the target against the grants and gives the request the form in which it may leave.
    fn admit(&self, meter: &Arc<Meter>, request: Request<OutgoingBody>) -> Result<Admitted, EgressError> {
        let (mut parts, body) = request.into_parts();
        request::check_method(&parts.method)?;
        let granted = self.granted(meter, &parts.uri)?;
        let (target, mut url) = (&granted.target, granted.url.clone());
        request::clean(&mut parts.headers)?;
        let length = request::length(&parts.headers)?;
        if !self.secrets.is_empty() {
            // A part of an answer could be cut so that it holds a part of a credential.
            parts.headers.remove(RANGE);
            parts.headers.remove(IF_RANGE);
        }
        let watched = self.tap.as_ref().map(|tap| {
            let (mut url, mut headers) = (url.clone(), parts.headers.clone());
            for credential in &self.credentials {
                credential.stand_in().put_on(target, &mut url, &mut headers);
            }
            Watched { exchange: tap.begin(&parts.method, &url, &headers), tap: Arc::clone(tap) }
        });
        for credential in &self.credentials {
            credential.put_on(target, &mut url, &mut parts.headers);
        }
        parts.uri = if url == granted.url { granted.uri.clone() } else { request::uri(target, &url)? };
        meter.note_host(&granted.origin);
        let body = match &watched {
            Some(watched) => WatchedBody { body, watched: watched.clone(), outgoing: true }.boxed_unsync(),
            None => body,
        };
        let body = Metered::outgoing(body, Arc::clone(meter), length);
        Ok(Admitted { to: granted, request: Request::from_parts(parts, body.boxed_unsync()), watched })
    }

    /// What the URL means, where a grant covers it. An adapter most often has one URL, which is read once.
    fn granted(&self, meter: &Meter, uri: &Uri) -> Result<Arc<Reading>, EgressError> {
        let last = lock(&self.granted_last).clone();
        if let Some(granted) = last.filter(|granted| granted.is_of(uri)) {
            return Ok(granted);
        }
        let read = Arc::new(Reading::of(uri)?);
        let target = &read.target;
        if !self.grants.iter().any(|grant| grant.covers(target)) {
            meter.note_denial(format!("the adapter may not reach {target}: no grant covers it; the operator can add one with --allow-host {target}"));
            return Err(EgressError::Denied);
        }
        *lock(&self.granted_last) = Some(Arc::clone(&read));
        Ok(read)
    }

    /// Counts and scrubs what comes back.
    fn receive(
        &self,
        meter: Arc<Meter>,
        turn: Turn,
        response: Response<Download>,
        patience: Patience,
    ) -> Result<Response<IncomingBody>, EgressError> {
        let (mut parts, body) = response.into_parts();
        let mut body = Metered::incoming(body, meter, turn).boxed_unsync();
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
        // The reason phrase is the upstream's free text too, and of no use to anybody.
        parts.extensions.clear();
        Ok(Response::from_parts(parts, body))
    }

    fn scrub_headers(&self, headers: &mut HeaderMap) {
        let telling: Vec<_> = headers.keys().filter(|name| self.secrets.is_in_name(name.as_str())).cloned().collect();
        for name in telling {
            headers.remove(name);
        }
        for value in headers.values_mut() {
            let clean = self.secrets.scrub(value.as_bytes());
            if let Some(clean) = clean.and_then(|clean| HeaderValue::from_bytes(&clean).ok()) {
                *value = clean;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has an answer watched on its way in, as the guest gets it.
fn watch(
    watched: Watched,
    response: Result<Response<IncomingBody>, EgressError>,
) -> Result<Response<IncomingBody>, EgressError> {
    match response {
        Ok(response) => {
            watched.note(Passing::Head(response.status(), response.headers()));
            Ok(response.map(|body| WatchedBody { body, watched, outgoing: false }.boxed_unsync()))
        }
        Err(error) => {
            watched.note(Passing::Unanswered);
            Err(error)
        }
    }
}

/// Notifies once more interim answers have come than anybody sends.
fn watch_interim_answers(request: &mut Request<OutgoingBody>) -> Arc<Notify> {
    let (flooded, seen) = (Arc::new(Notify::new()), AtomicU32::new(0));
    let notify = Arc::clone(&flooded);
    hyper::ext::on_informational(request, move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) == MAX_INTERIM_ANSWERS {
            notify.notify_one();
        }
    });
    flooded
}

#[cfg(test)]
mod tests;
