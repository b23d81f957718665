//! A [`Reply`](crate::Reply)'s body on its way out, chunk by chunk. It ends the count of live requests when it is
//! dropped, whether it was sent in full or the client left.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::vec::IntoIter;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep};

use crate::connection::{Counted, ResetSwitch};
use crate::reply::Body;

/// Implements hyper's body for every kind of [`Body`].
pub(crate) struct Outgoing {
    source: Source,
    _live: Counted,
}

enum Source {
    Whole(Option<Bytes>),
    Gated(mpsc::Receiver<Bytes>),
    Paced { chunks: IntoIter<Bytes>, forever: Option<Bytes>, pace: Option<Pace> },
    Hang,
    Reset { bytes: Option<Bytes>, flushed: bool, switch: ResetSwitch },
}

/// The time between two chunks; none before the first.
struct Pace {
    every: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Outgoing {
    pub(crate) fn new(body: Body, switch: ResetSwitch, live: Counted) -> Outgoing {
        let paced = |chunks: Vec<Bytes>, forever, every: Duration| Source::Paced {
            chunks: chunks.into_iter(),
            forever,
            pace: (!every.is_zero()).then_some(Pace { every, timer: None }),
        };
        let source = match body {
            Body::Whole(bytes) => Source::Whole(Some(bytes)),
            Body::Chunks(chunks) => paced(chunks, None, Duration::ZERO),
            Body::Gated(receiver) => Source::Gated(receiver),
            Body::Every(every, chunks) => paced(chunks, None, every),
            Body::Forever { first, then, every } => {
                let first = Some(Bytes::from(first.concat())).filter(|first| !first.is_empty());
                paced(first.into_iter().collect(), Some(then), every)
            }
            Body::Hang | Body::Silence => Source::Hang,
            Body::Reset(bytes) => Source::Reset { bytes: Some(bytes), flushed: false, switch },
        };
        Outgoing { source, _live: live }
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let chunk = match &mut self.source {
            Source::Whole(bytes) => bytes.take(),
            Source::Gated(receiver) => ready!(receiver.poll_recv(cx)),
            Source::Paced { chunks, forever, pace } => {
                if chunks.len() == 0 && forever.is_none() {
                    return Poll::Ready(None);
                }
                if let Some(pace) = pace {
                    ready!(pace.poll_due(cx));
                }
                chunks.next().or_else(|| forever.clone())
            }
            Source::Hang => return Poll::Pending,
            Source::Reset { bytes, flushed, switch } => match bytes.take() {
                Some(bytes) => Some(bytes),
                None if !*flushed => {
                    // hyper writes out what it holds only when the body has nothing ready.
                    *flushed = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => {
                    switch.throw();
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
                }
            },
        };
        Poll::Ready(chunk.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.source, Source::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            _ => SizeHint::default(),
        }
    }
}

impl Pace {
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            None => self.timer = Some(Box::pin(sleep(self.every))),
            Some(timer) => {
                ready!(timer.as_mut().poll(cx));
                let next = timer.deadline() + self.every;
                timer.as_mut().reset(next.max(Instant::now()));
            }
        }
        Poll::Ready(())
    }
}
