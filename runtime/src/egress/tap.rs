//! Watches an egress, for making conformance cases of real exchanges: sees what the guest sees, and so no credential.
//!
//! Where a credential is put on a request, the tap sees the stand-in that a case would have in its place. It changes nothing, and what
//! serves has none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use url::Url;

use super::{EgressError, IncomingBody};

/// Is told what passes.
pub trait Tap: Send + Sync {
    /// A request is about to leave; gives the number by which the rest of its exchange is told of.
    fn begin(&self, method: &Method, url: &Url, headers: &HeaderMap) -> usize;

    /// What comes next of an exchange.
    fn note(&self, exchange: usize, what: Passing<'_>);
}

/// Something that passes.
pub enum Passing<'p> {
    /// More of the request's body.
    Sent(&'p Bytes),
    /// There is no answer.
    Unanswered,
    /// The answer's head.
    Head(StatusCode, &'p HeaderMap),
    /// More of the answer's body, a piece as it came.
    Received(&'p Bytes),
    /// The answer's body broke off.
    Broken,
}

/// An exchange that is watched.
#[derive(Clone)]
pub(super) struct Watched {
    pub(super) tap: Arc<dyn Tap>,
    pub(super) exchange: usize,
}

/// A body that is watched on its way.
pub(super) struct WatchedBody {
    pub(super) body: IncomingBody,
    pub(super) watched: Watched,
    pub(super) outgoing: bool,
}

impl Watched {
    pub(super) fn note(&self, what: Passing<'_>) {
        self.tap.note(self.exchange, what);
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    self.watched.note(if self.outgoing { Passing::Sent(data) } else { Passing::Received(data) });
                }
            }
            Poll::Ready(Some(Err(_))) if !self.outgoing => self.watched.note(Passing::Broken),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
