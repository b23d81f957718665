//! A request as a guest makes it, up to its being handed over to `egress`.
//!
//! Each part is held to a size when it's set, since the host keeps it outside the guest's memory. Whether the request may be sent is
//! for `egress` alone.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HeaderMap};
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http_body_util::{BodyExt, Empty};
use wasmtime::component::Resource;

use super::exchange::Exchange;
use super::fields::{self, Fields};
use super::outgoing_handler;
use super::types::{self, ErrorCode, HostOutgoingRequest, HostRequestOptions, Method};
use super::upload::{Reader, Upload, upload};
use crate::egress::{OutgoingBody, Patience};
use crate::sandbox::state::State;

/// The longest name of a method that isn't HTTP's own.
pub(in crate::sandbox) const METHOD_BYTES: usize = 64;
/// A name in DNS has 253 bytes at most; a port and brackets come to it.
pub(in crate::sandbox) const AUTHORITY_BYTES: usize = 320;
/// Servers take less than this of a path and its query.
pub(in crate::sandbox) const PATH_BYTES: usize = 16 << 10;

/// A request that isn't sent yet.
pub struct Request {
    method: http::Method,
    scheme: Option<Scheme>,
    authority: Option<Authority>,
    path: Option<PathAndQuery>,
    headers: Arc<HeaderMap>,
    body: Option<Reader>,
}

/// How long its guest is ready to wait. Our own times to connect hold whatever it says.
#[derive(Clone, Copy, Default)]
pub struct RequestOptions {
    connect: Option<Duration>,
    first_byte: Option<Duration>,
    between_bytes: Option<Duration>,
}

/// Whether the guest may have what it asked for, as `wasi:http` puts it.
type Outcome = wasmtime::Result<Result<(), ()>>;

impl Request {
    fn new(headers: Arc<HeaderMap>) -> Self {
        Self { method: http::Method::GET, scheme: None, authority: None, path: None, headers, body: None }
    }

    /// The length that it says its body has; an error where it says so in no number.
    fn declared(&self) -> Result<Option<u64>, ()> {
        self.headers.get(CONTENT_LENGTH).map(|value| fields::length(value).ok_or(())).transpose()
    }

    fn into_http(self) -> Result<http::Request<OutgoingBody>, ErrorCode> {
        if self.body.is_none() && self.declared() != Ok(None) && self.declared() != Ok(Some(0)) {
            return Err(ErrorCode::HttpRequestBodySize(Some(0)));
        }
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(self.scheme.unwrap_or(Scheme::HTTPS));
        uri.authority = self.authority;
        uri.path_and_query = Some(self.path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        let body = match self.body {
            Some(body) => body.boxed_unsync(),
            None => Empty::new().map_err(|never| match never {}).boxed_unsync(),
        };
        let mut request = http::Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = Uri::from_parts(uri).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
        *request.headers_mut() = Arc::unwrap_or_clone(self.headers);
        Ok(request)
    }
}

impl outgoing_handler::Host for State {
    fn handle(
        &mut self,
        request: Resource<Request>,
        options: Option<Resource<RequestOptions>>,
    ) -> wasmtime::Result<Result<Resource<Exchange>, ErrorCode>> {
        let request = self.table.delete(request)?;
        let options = options.map(|options| self.table.delete(options)).transpose()?.unwrap_or_default();
        let body = request.body.as_ref().map(Reader::carried);
        let request = match request.into_http() {
            Ok(request) => request,
            Err(error) => return Ok(Err(error)),
        };
        let patience = Patience { first_byte: options.first_byte, between_bytes: options.between_bytes };
        let exchange = Exchange::begin(self.http.send(request, patience));
        if let Some(body) = body {
            body.by(exchange.sending());
        }
        // As much as can be done without waiting is done at once.
        let _ = exchange.sending().poll(&mut Context::from_waker(Waker::noop()));
        Ok(Ok(self.table.push(exchange)?))
    }
}

impl HostOutgoingRequest for State {
    fn new(&mut self, headers: Resource<Fields>) -> wasmtime::Result<Resource<Request>> {
        let headers = self.table.delete(headers)?.into_map();
        Ok(self.table.push(Request::new(headers))?)
    }

    fn body(&mut self, request: Resource<Request>) -> wasmtime::Result<Result<Resource<Upload>, ()>> {
        let request = self.table.get_mut(&request)?;
        let (None, Ok(declared)) = (&request.body, request.declared()) else { return Ok(Err(())) };
        let (body, reader) = upload(&self.http.rooms, declared);
        request.body = Some(reader);
        Ok(Ok(self.table.push(body)?))
    }

    fn method(&mut self, request: Resource<Request>) -> wasmtime::Result<Method> {
        Ok(shown(&self.table.get(&request)?.method))
    }

    fn set_method(&mut self, request: Resource<Request>, method: Method) -> Outcome {
        let Some(method) = read(&method) else { return Ok(Err(())) };
        self.table.get_mut(&request)?.method = method;
        Ok(Ok(()))
    }

    fn path_with_query(&mut self, request: Resource<Request>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&request)?.path.as_ref().map(|path| path.as_str().to_owned()))
    }

    fn set_path_with_query(&mut self, request: Resource<Request>, path: Option<String>) -> Outcome {
        let request = self.table.get_mut(&request)?;
        request.path = match path {
            None => None,
            Some(path) if path.is_empty() => Some(PathAndQuery::from_static("/")),
            Some(path) if path.len() <= PATH_BYTES && path.starts_with(['/', '?']) => match path.try_into() {
                Ok(path) => Some(path),
                Err(_) => return Ok(Err(())),
            },
            Some(_) => return Ok(Err(())),
        };
        Ok(Ok(()))
    }

    fn scheme(&mut self, request: Resource<Request>) -> wasmtime::Result<Option<types::Scheme>> {
        Ok(self
            .table
            .get(&request)?
            .scheme
            .as_ref()
            .map(|scheme| if *scheme == Scheme::HTTP { types::Scheme::Http } else { types::Scheme::Https }))
    }

    fn set_scheme(&mut self, request: Resource<Request>, scheme: Option<types::Scheme>) -> Outcome {
        self.table.get_mut(&request)?.scheme = match scheme {
            None => None,
            Some(types::Scheme::Http) => Some(Scheme::HTTP),
            Some(types::Scheme::Https) => Some(Scheme::HTTPS),
            Some(types::Scheme::Other(_)) => return Ok(Err(())),
        };
        Ok(Ok(()))
    }

    fn authority(&mut self, request: Resource<Request>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&request)?.authority.as_ref().map(|authority| authority.as_str().to_owned()))
    }

    fn set_authority(&mut self, request: Resource<Request>, authority: Option<String>) -> Outcome {
        let request = self.table.get_mut(&request)?;
        request.authority = match authority {
            None => None,
            Some(authority) if authority.len() <= AUTHORITY_BYTES => match authority.try_into() {
                Ok(authority) => Some(authority),
                Err(_) => return Ok(Err(())),
            },
            Some(_) => return Ok(Err(())),
        };
        Ok(Ok(()))
    }

    fn headers(&mut self, request: Resource<Request>) -> wasmtime::Result<Resource<Fields>> {
        let headers = Fields::shown(&self.table.get(&request)?.headers);
        Ok(self.table.push(headers)?)
    }

    fn drop(&mut self, request: Resource<Request>) -> wasmtime::Result<()> {
        self.table.delete(request)?;
        Ok(())
    }
}

fn read(method: &Method) -> Option<http::Method> {
    Some(match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Delete => http::Method::DELETE,
        Method::Connect => http::Method::CONNECT,
        Method::Options => http::Method::OPTIONS,
        Method::Trace => http::Method::TRACE,
        Method::Patch => http::Method::PATCH,
        Method::Other(name) if name.len() > METHOD_BYTES => return None,
        Method::Other(name) => return http::Method::from_bytes(name.as_bytes()).ok(),
    })
}

fn shown(method: &http::Method) -> Method {
    match method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// The two functions of one of the times.
macro_rules! time {
    ($options:ident . $field:ident: $get:ident, $set:ident) => {
        fn $get(&mut self, $options: Resource<RequestOptions>) -> wasmtime::Result<Option<u64>> {
            let time = self.table.get(&$options)?.$field;
            Ok(time.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
        }

        fn $set(&mut self, $options: Resource<RequestOptions>, time: Option<u64>) -> Outcome {
            self.table.get_mut(&$options)?.$field = time.map(Duration::from_nanos);
            Ok(Ok(()))
        }
    };
}

impl HostRequestOptions for State {
    fn new(&mut self) -> wasmtime::Result<Resource<RequestOptions>> {
        Ok(self.table.push(RequestOptions::default())?)
    }

    time!(options.connect: connect_timeout, set_connect_timeout);
    time!(options.first_byte: first_byte_timeout, set_first_byte_timeout);
    time!(options.between_bytes: between_bytes_timeout, set_between_bytes_timeout);

    fn drop(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<()> {
        self.table.delete(options)?;
        Ok(())
    }
}
