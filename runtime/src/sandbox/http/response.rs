//! An answer as a guest reads it: its head, and its body straight from the connection, piece by piece as they come.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, DynPollable, InputStream, Pollable, StreamError, StreamResult, subscribe};

use super::codes::code;
use super::fields::Fields;
use super::types::{ErrorCode, HostFutureTrailers, HostIncomingBody, HostIncomingResponse};
use crate::egress::{EgressError, IncomingBody};
use crate::sandbox::state::State;

/// An answer's head, and its body until somebody takes it.
pub struct Response {
    status: u16,
    headers: Arc<HeaderMap>,
    body: Option<IncomingBody>,
}

/// An answer's body, until somebody reads it.
pub struct Body(Option<IncomingBody>);

/// What comes behind a body: nothing, since `egress` lets no trailers in.
#[derive(Default)]
pub struct NoTrailers {
    is_taken: bool,
}

/// A body that is being read.
struct Download {
    /// None once it has ended.
    body: Option<IncomingBody>,
    /// What has come and wasn't read yet.
    held: Bytes,
    failure: Option<EgressError>,
}

impl From<http::Response<IncomingBody>> for Response {
    fn from(response: http::Response<IncomingBody>) -> Self {
        let (head, body) = response.into_parts();
        Self { status: head.status.as_u16(), headers: Fields::received(head.headers), body: Some(body) }
    }
}

impl Download {
    /// Waits until there is something to read, or nothing more to come.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.held.is_empty() && self.failure.is_none() {
            let Some(body) = &mut self.body else { break };
            match std::task::ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => self.held = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => self.failure = Some(error),
                None => self.body = None,
            }
        }
        Poll::Ready(())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Download {
    async fn ready(&mut self) {
        poll_fn(|cx| self.poll_held(cx)).await;
    }
}

impl InputStream for Download {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.poll_held(&mut Context::from_waker(Waker::noop())).is_pending() {
            return Ok(Bytes::new());
        }
        if let Some(error) = self.failure.take() {
            self.body = None;
            return Err(StreamError::LastOperationFailed(code(&error).into()));
        }
        if self.held.is_empty() {
            return Err(StreamError::Closed);
        }
        Ok(self.held.split_to(size.min(self.held.len())))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for NoTrailers {
    async fn ready(&mut self) {}
}

impl HostIncomingResponse for State {
    fn status(&mut self, response: Resource<Response>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&response)?.status)
    }

    fn headers(&mut self, response: Resource<Response>) -> wasmtime::Result<Resource<Fields>> {
        let headers = Fields::shown(&self.table.get(&response)?.headers);
        Ok(self.table.push(headers)?)
    }

    fn consume(&mut self, response: Resource<Response>) -> wasmtime::Result<Result<Resource<Body>, ()>> {
        match self.table.get_mut(&response)?.body.take() {
            Some(body) => Ok(Ok(self.table.push(Body(Some(body)))?)),
            None => Ok(Err(())),
        }
    }

    fn drop(&mut self, response: Resource<Response>) -> wasmtime::Result<()> {
        self.table.delete(response)?;
        Ok(())
    }
}

impl HostIncomingBody for State {
    fn stream(&mut self, body: Resource<Body>) -> wasmtime::Result<Result<Resource<DynInputStream>, ()>> {
        let Some(incoming) = self.table.get_mut(&body)?.0.take() else { return Ok(Err(())) };
        let stream: DynInputStream = Box::new(Download { body: Some(incoming), held: Bytes::new(), failure: None });
        Ok(Ok(self.table.push_child(stream, &body)?))
    }

    fn finish(&mut self, body: Resource<Body>) -> wasmtime::Result<Resource<NoTrailers>> {
        self.table.delete(body)?;
        Ok(self.table.push(NoTrailers::default())?)
    }

    fn drop(&mut self, body: Resource<Body>) -> wasmtime::Result<()> {
        self.table.delete(body)?;
        Ok(())
    }
}

impl HostFutureTrailers for State {
    fn subscribe(&mut self, trailers: Resource<NoTrailers>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(&mut self.table, trailers)
    }

    fn get(
        &mut self,
        trailers: Resource<NoTrailers>,
    ) -> wasmtime::Result<Option<Result<Result<Option<Resource<Fields>>, ErrorCode>, ()>>> {
        let was_taken = std::mem::replace(&mut self.table.get_mut(&trailers)?.is_taken, true);
        Ok(Some(if was_taken { Err(()) } else { Ok(Ok(None)) }))
    }

    fn drop(&mut self, trailers: Resource<NoTrailers>) -> wasmtime::Result<()> {
        self.table.delete(trailers)?;
        Ok(())
    }
}
