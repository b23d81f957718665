//! Who may come in: callers by key, and while no key exists, this machine only.
//!
//! "This machine" means a loopback peer that also speaks to a loopback name and comes from no foreign web page: a browser on the
//! same machine would otherwise lend its loopback address to any page (DNS rebinding, cross-site requests). Keys are never logged.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::deployments::{AdminKey, Caller, Deployments};
use crate::openai::{ApiError, RequestId};

/// The address that a connection comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What the gates ask.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) deployments: Arc<Deployments>,
    pub(super) admin_key: AdminKey,
}

/// Gives each request its id, in the request for the handlers and in the answer for the client.
pub(super) async fn name_request(mut request: Request, next: Next) -> Response {
    let id = RequestId::new();
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// Lets in whoever has a valid key; while none was ever made, this machine.
pub(super) async fn callers_only(
    State(gate): State<Gate>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    match gate.deployments.caller(bearer(request.headers())) {
        Caller::Known(_) => next.run(request).await,
        Caller::NoKeysYet if is_local(peer, request.headers(), request.uri().host()) => next.run(request).await,
        Caller::NoKeysYet => ApiError::LoopbackOnly.into_response(),
        Caller::Refused => ApiError::InvalidKey { given: bearer(request.headers()).is_some() }.into_response(),
    }
}

/// Lets in callers, the administrator, and this machine.
pub(super) async fn observers_only(
    State(gate): State<Gate>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let presented = bearer(request.headers());
    let known = presented.is_some_and(|key| gate.admin_key.is(key))
        || matches!(gate.deployments.caller(presented), Caller::Known(_));
    if known || is_local(peer, request.headers(), request.uri().host()) {
        return next.run(request).await;
    }
    ApiError::InvalidKey { given: presented.is_some() }.into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

fn is_local(Peer(peer): Peer, headers: &HeaderMap, authority: Option<&str>) -> bool {
    let host = authority.or_else(|| headers.get(HOST)?.to_str().ok());
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().ok().and_then(|origin| origin.split_once("://")));
    let from_here = match origin {
        None => true,
        Some(Some((_, host))) => is_loopback_name(host),
        Some(None) => false,
    };
    peer.ip().to_canonical().is_loopback() && host.is_some_and(is_loopback_name) && from_here
}

/// Whether `host[:port]` is `localhost` or a loopback address.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').filter(|(name, _)| !name.contains(':')).map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    fn local(peer: &str, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        is_local(Peer(peer.parse().unwrap()), &headers, None)
    }

    #[test]
    fn this_machine_is_local_by_any_of_its_names() {
        for host in ["localhost:8787", "127.0.0.1:8787", "[::1]:8787", "LOCALHOST"] {
            assert!(local("127.0.0.1:5", host, None), "{host}");
        }
        assert!(local("[::1]:5", "localhost", Some("http://localhost:3000")));
        assert!(local("[::ffff:127.0.0.1]:5", "localhost", None));
    }

    #[test]
    fn other_machines_rebound_names_and_foreign_pages_are_not() {
        assert!(!local("10.0.0.7:5", "localhost:8787", None));
        assert!(!local("127.0.0.1:5", "attacker.example:8787", None));
        assert!(!local("127.0.0.1:5", "localhost.attacker.example", None));
        assert!(!local("127.0.0.1:5", "127.0.0.1:8787", Some("https://attacker.example")));
        assert!(!local("127.0.0.1:5", "127.0.0.1:8787", Some("null")));
    }
}
