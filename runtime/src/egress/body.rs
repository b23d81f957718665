//! What happens to a body on its way: counted, scrubbed, given up on. Each wraps another and sees one piece at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::meter::{Direction, Meter, Turn};
use super::scrub::{Scrubber, Secrets};
use super::{EgressError, IncomingBody};

/// A body whose bytes are counted as they pass. Trailers are dropped: no provider's protocol needs them, and they would be one
/// more way around the header rules.
pub(super) struct Metered<B> {
    body: B,
    meter: Arc<Meter>,
    direction: Direction,
    /// Bytes that are still to come, where that was said.
    left: Option<u64>,
    /// The request's place among those under way, given back at the body's end.
    turn: Option<Turn>,
}

impl<B> Metered<B> {
    /// A request's body, held to the length that the request says it has.
    pub(super) fn outgoing(body: B, meter: Arc<Meter>, length: Option<u64>) -> Self {
        Self { body, meter, direction: Direction::Out, left: length, turn: None }
    }

    /// An answer's body, which ends its request's turn.
    pub(super) fn incoming(body: B, meter: Arc<Meter>, turn: Turn) -> Self {
        Self { body, meter, direction: Direction::In, left: None, turn: Some(turn) }
    }

    fn count(&mut self, bytes: usize) -> Result<(), EgressError> {
        self.meter.count_bytes(self.direction, bytes)?;
        if let Some(left) = &mut self.left {
            let short = EgressError::Invalid("a body longer than its content-length");
            *left = left.checked_sub(bytes as u64).ok_or(short)?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), EgressError> {
        self.turn = None;
        match self.left.take() {
            Some(1..) => Err(EgressError::Invalid("a body shorter than its content-length")),
            _ => Ok(()),
        }
    }
}

impl<B> Body for Metered<B>
where
    B: Body<Data = Bytes> + Unpin,
    EgressError: From<B::Error>,
{
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        loop {
            let Some(frame) = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
                return Poll::Ready(self.end().err().map(Err));
            };
            let Ok(data) = frame.inspect_err(|_| self.turn = None)?.into_data() else { continue };
            self.count(data.len())?;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
    }

    // A body that has ended too early is asked once more, to say so.
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && !matches!(self.left, Some(1..))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body without the revision's credentials.
pub(super) struct Scrubbed {
    body: IncomingBody,
    scrubber: Scrubber,
    ended: bool,
}

impl Scrubbed {
    pub(super) fn new(body: IncomingBody, secrets: Secrets) -> Self {
        Self { body, scrubber: Scrubber::new(secrets), ended: false }
    }
}

impl Body for Scrubbed {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        while !self.ended {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let clean = self.scrubber.push(data);
                    if !clean.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(clean))));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.ended = true,
            }
        }
        Poll::Ready(self.scrubber.finish().map(|rest| Ok(Frame::data(rest))))
    }
}

/// A body that fails when nothing comes for too long.
pub(super) struct Patient {
    body: IncomingBody,
    limit: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Patient {
    pub(super) fn new(body: IncomingBody, limit: Duration) -> Self {
        Self { body, limit, sleep: Box::pin(tokio::time::sleep(limit)) }
    }
}

impl Body for Patient {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let next = Instant::now().checked_add(self.limit);
            if let Some(next) = next {
                self.sleep.as_mut().reset(next);
            }
            return Poll::Ready(frame);
        }
        self.sleep.as_mut().poll(cx).map(|()| Some(Err(EgressError::TimedOut)))
    }
}
