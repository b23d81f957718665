//! An answer as a guest reads it: its head, and its body straight from the connection, as it comes.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body as _;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, DynPollable, InputStream, Pollable, StreamError, StreamResult, subscribe};

use super::codes::code;
use super::fields::Fields;
use super::types::{ErrorCode, HostFutureTrailers, HostIncomingBody, HostIncomingResponse};
use crate::egress::{EgressError, IncomingBody};
use crate::sandbox::state::State;

/// Bytes of a body that are taken at once, where they are there. One piece may be larger.
const ENOUGH_BYTES: usize = 64 << 10;

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
    fn new(body: IncomingBody) -> Self {
        Self { body: Some(body), held: Bytes::new(), failure: None }
    }

    /// Waits until there is something to read, or nothing more to come.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.held.is_empty() {
            return Poll::Ready(());
        }
        let mut joined = BytesMut::new();
        loop {
            match self.poll_piece(cx) {
                Poll::Pending if self.held.is_empty() => return Poll::Pending,
                Poll::Ready(Some(piece)) if self.held.is_empty() => self.held = piece,
                // What has come meanwhile goes along: each read costs the guest far more than a copy costs us.
                Poll::Ready(Some(piece)) => {
                    if joined.is_empty() {
                        joined.reserve(2 * (self.held.len() + piece.len()));
                        joined.extend_from_slice(&self.held);
                    }
                    joined.extend_from_slice(&piece);
                }
                Poll::Pending | Poll::Ready(None) => break,
            }
            if self.held.len().max(joined.len()) >= ENOUGH_BYTES {
                break;
            }
        }
        if !joined.is_empty() {
            self.held = joined.freeze();
        }
        Poll::Ready(())
    }

    /// The next piece that isn't empty; none at the end, whether good or bad.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        while let Some(body) = &mut self.body {
            match std::task::ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) if !piece.is_empty() => return Poll::Ready(Some(piece)),
                    _ => {}
                },
                ended => {
                    self.failure = ended.and_then(Result::err);
                    self.body = None;
                }
            }
        }
        Poll::Ready(None)
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
        if !self.held.is_empty() {
            return Ok(self.held.split_to(size.min(self.held.len())));
        }
        Err(match self.failure.take() {
            Some(error) => StreamError::LastOperationFailed(code(&error).into()),
            None => StreamError::Closed,
        })
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
        let stream: DynInputStream = Box::new(Download::new(incoming));
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests {
    use super::*;
    use futures_util::{FutureExt, StreamExt, stream};
    use http_body::Frame;
    use http_body_util::{BodyExt, StreamBody};

    fn download(pieces: Vec<Result<&'static str, EgressError>>) -> Download {
        let frames = pieces.into_iter().map(|piece| piece.map(|text| Frame::data(Bytes::from_static(text.as_bytes()))));
        Download::new(StreamBody::new(stream::iter(frames)).boxed_unsync())
    }

    fn read(download: &mut Download) -> StreamResult<Bytes> {
        download.blocking_read(1 << 20).now_or_never().unwrap()
    }

    #[test]
    fn what_is_there_is_read_at_once_and_then_the_end() {
        let mut download = download(vec![Ok("one, "), Ok(""), Ok("two, "), Ok("three")]);
        assert_eq!(download.read(2).unwrap(), "on");
        assert_eq!(read(&mut download).unwrap(), "e, two, three");
        assert!(matches!(read(&mut download), Err(StreamError::Closed)));
    }

    #[test]
    fn what_came_before_a_failure_is_read_first_and_the_failure_has_its_code() {
        let mut download = download(vec![Ok("half"), Err(EgressError::TimedOut)]);
        assert_eq!(read(&mut download).unwrap(), "half");
        let Err(StreamError::LastOperationFailed(error)) = read(&mut download) else { panic!("no failure") };
        assert!(matches!(error.downcast_ref(), Some(ErrorCode::HttpResponseTimeout)));
        assert!(matches!(read(&mut download), Err(StreamError::Closed)));
    }

    #[test]
    fn a_piece_is_given_on_before_the_next_one_comes() {
        let pieces = stream::iter([Ok(Frame::data(Bytes::from_static(b"first")))]).chain(stream::pending());
        let mut download = Download::new(StreamBody::new(pieces).boxed_unsync());
        assert_eq!(read(&mut download).unwrap(), "first");
        assert!(download.read(1).unwrap().is_empty());
        assert!(download.ready().now_or_never().is_none());
    }

    #[test]
    fn no_more_is_taken_than_a_guest_reads_at_once() {
        let taken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = std::sync::Arc::clone(&taken);
        let endless = stream::repeat_with(move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])))
        });
        let mut download = Download::new(StreamBody::new(endless).boxed_unsync());
        assert_eq!(read(&mut download).unwrap().len(), ENOUGH_BYTES);
        assert_eq!(taken.load(std::sync::atomic::Ordering::Relaxed), ENOUGH_BYTES / 1024);
    }
}
