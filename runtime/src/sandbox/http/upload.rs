//! A request's body on its way from a guest to its connection.
//!
//! One buffer that the guest fills and the connection empties: the guest may write as much as there is room for, and waits where
//! there is none. What it writes before it sends the request leaves in one piece, right behind the head.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::exchange::Sending;
use super::fields::Fields;
use super::types::{ErrorCode, HostOutgoingBody};
use crate::egress::EgressError;
use crate::sandbox::state::State;

/// Bodies of one guest that may hold much at one time; those beyond hold little. It's kept outside the guest's memory until it's sent.
const LARGE_BODIES: usize = 8;
const LARGE_BYTES: usize = 1 << 20;
const SMALL_BYTES: usize = 4 << 10;

/// How many of a guest's bodies may hold much: a clone for each.
#[derive(Default)]
pub(super) struct Rooms(Arc<()>);

/// A body that is being written, as the guest holds it.
pub struct Upload {
    buffer: Shared,
    is_open: bool,
}

/// What the guest writes to.
struct Writer(Shared);

/// What the connection reads from.
pub(super) struct Reader(Shared);

/// A body that goes along with a request.
pub(super) struct Carried(Shared);

#[derive(Clone)]
struct Shared(Arc<Mutex<Buffer>>);

struct Buffer {
    bytes: BytesMut,
    room: usize,
    /// The length that the request says it has.
    declared: Option<u64>,
    written: u64,
    end: End,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// The request that takes the body along: somebody has to drive it while the guest waits for room.
    sending: Weak<Sending>,
    /// Its part of the guest's [`Rooms`].
    _large: Option<Arc<()>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Finished,
    /// The guest left it unfinished.
    Aborted,
    /// The connection takes no more.
    Closed,
}

impl Rooms {
    fn next(&self) -> (usize, Option<Arc<()>>) {
        if Arc::strong_count(&self.0) <= LARGE_BODIES {
            (LARGE_BYTES, Some(Arc::clone(&self.0)))
        } else {
            (SMALL_BYTES, None)
        }
    }
}

/// The two ends of a body.
pub(super) fn upload(rooms: &Rooms, declared: Option<u64>) -> (Upload, Reader) {
    let (room, large) = rooms.next();
    let buffer = Shared(Arc::new(Mutex::new(Buffer {
        bytes: BytesMut::new(),
        room,
        declared,
        written: 0,
        end: End::Open,
        reader: None,
        writer: None,
        sending: Weak::new(),
        _large: large,
    })));
    (Upload { buffer: buffer.clone(), is_open: false }, Reader(buffer))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says once how it ended, and wakes whoever waits.
    fn end(&self, end: End) {
        let mut buffer = self.lock();
        if buffer.end == End::Open {
            buffer.end = end;
            let waiting = [buffer.reader.take(), buffer.writer.take()];
            drop(buffer);
            waiting.into_iter().flatten().for_each(Waker::wake);
        }
    }
}

impl Carried {
    /// Has whoever waits for room drive the request as well.
    pub(super) fn by(self, sending: &Arc<Sending>) {
        self.0.lock().sending = Arc::downgrade(sending);
    }
}

impl Reader {
    /// What it is carried by, to be said once it's under way.
    pub(super) fn carried(&self) -> Carried {
        Carried(self.0.clone())
    }
}

impl Writer {
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let sending = self.0.lock().sending.upgrade();
        if let Some(sending) = sending {
            // Whether it's answered is for whoever waits for that.
            let _ = sending.poll(cx);
        }
        let mut buffer = self.0.lock();
        if buffer.end != End::Open || buffer.bytes.len() < buffer.room {
            return Poll::Ready(());
        }
        buffer.writer = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        poll_fn(|cx| self.poll_room(cx)).await;
    }
}

impl OutputStream for Writer {
    fn check_write(&mut self) -> StreamResult<usize> {
        let buffer = self.0.lock();
        match buffer.end {
            End::Open => Ok(buffer.room.saturating_sub(buffer.bytes.len())),
            _ => Err(StreamError::Closed),
        }
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut buffer = self.0.lock();
        if buffer.end != End::Open {
            return Err(StreamError::Closed);
        }
        if bytes.len() > buffer.room.saturating_sub(buffer.bytes.len()) {
            return Err(StreamError::trap("it wrote more of a body than `check-write` allowed"));
        }
        buffer.written += bytes.len() as u64;
        if buffer.declared.is_some_and(|declared| buffer.written > declared) {
            let code = ErrorCode::HttpRequestBodySize(Some(buffer.written));
            return Err(StreamError::LastOperationFailed(code.into()));
        }
        if buffer.bytes.is_empty() {
            buffer.bytes = bytes.into();
        } else {
            buffer.bytes.extend_from_slice(&bytes);
        }
        let reader = buffer.reader.take();
        drop(buffer);
        reader.into_iter().for_each(Waker::wake);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        // The connection takes what there is as soon as it can.
        match self.0.lock().end {
            End::Closed => Err(StreamError::Closed),
            _ => Ok(()),
        }
    }
}

impl http_body::Body for Reader {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let mut buffer = self.0.lock();
        if !buffer.bytes.is_empty() {
            let bytes = buffer.bytes.split().freeze();
            let writer = buffer.writer.take();
            drop(buffer);
            writer.into_iter().for_each(Waker::wake);
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match buffer.end {
            End::Open => {
                buffer.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            End::Finished | End::Closed => Poll::Ready(None),
            End::Aborted => Poll::Ready(Some(Err(EgressError::Invalid("a body that was left unfinished")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        let buffer = self.0.lock();
        buffer.end == End::Finished && buffer.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let buffer = self.0.lock();
        let here = buffer.bytes.len() as u64;
        if buffer.end == End::Finished {
            return SizeHint::with_exact(here);
        }
        let mut hint = SizeHint::new();
        hint.set_lower(here);
        hint
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.end(End::Closed);
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.buffer.end(End::Aborted);
    }
}

impl HostOutgoingBody for State {
    fn write(&mut self, body: Resource<Upload>) -> wasmtime::Result<Result<Resource<DynOutputStream>, ()>> {
        let upload = self.table.get_mut(&body)?;
        if std::mem::replace(&mut upload.is_open, true) {
            return Ok(Err(()));
        }
        let stream: DynOutputStream = Box::new(Writer(upload.buffer.clone()));
        Ok(Ok(self.table.push_child(stream, &body)?))
    }

    fn finish(
        &mut self,
        body: Resource<Upload>,
        trailers: Option<Resource<Fields>>,
    ) -> wasmtime::Result<Result<(), ErrorCode>> {
        let upload = self.table.delete(body)?;
        if let Some(trailers) = trailers {
            self.table.delete(trailers)?;
        }
        let (declared, written) = {
            let buffer = upload.buffer.lock();
            (buffer.declared, buffer.written)
        };
        if declared.is_some_and(|declared| declared != written) {
            return Ok(Err(ErrorCode::HttpRequestBodySize(Some(written))));
        }
        upload.buffer.end(End::Finished);
        Ok(Ok(()))
    }

    fn drop(&mut self, body: Resource<Upload>) -> wasmtime::Result<()> {
        self.table.delete(body)?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "upload_tests.rs"]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests;
