//! The body of an answer: written whole, passed on as it comes, or translated event by event. A connection to the upstream is given
//! back when its body has ended, and closed when the client leaves before that.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::stream::Translated;
use crate::upstream::Lease;

pub(crate) enum Answer {
    Whole(Option<Bytes>),
    Passed { body: Incoming, lease: Option<Lease> },
    Translated(Translated),
}

impl Answer {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }

    pub(crate) fn passed(body: Incoming, lease: Lease) -> Self {
        Self::Passed { body, lease: Some(lease) }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Passed { body, lease } => {
                let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
                if frame.is_none() || body.is_end_stream() {
                    lease.take().into_iter().for_each(Lease::give_back);
                }
                Poll::Ready(frame)
            }
            Self::Translated(translated) => translated.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Passed { body, .. } => body.is_end_stream(),
            Self::Translated(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Passed { body, .. } => body.size_hint(),
            Self::Translated(_) => SizeHint::default(),
        }
    }
}
