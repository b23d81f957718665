//! The body of a whole answer, which holds its request's slot until the client has taken the last piece.
//!
//! Given to the connection piece by piece: what a slow client hasn't read yet counts against the slots, so that answers waiting to be
//! read can't fill the host's memory (invariant 7).

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::dispatch::Bill;

/// What the connection takes at one time.
const PIECE: usize = 64 << 10;

/// An answer's bytes and its bill.
pub(super) struct Billed {
    left: Bytes,
    bill: Option<Bill>,
}

impl Billed {
    pub(super) fn new(body: Vec<u8>, bill: Bill) -> Self {
        Self { left: body.into(), bill: Some(bill) }
    }
}

impl Body for Billed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            self.bill = None;
            return Poll::Ready(None);
        }
        let piece = self.left.len().min(PIECE);
        let frame = Frame::data(self.left.split_to(piece));
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
