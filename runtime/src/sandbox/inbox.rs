//! Where a stream of the world `adapter-async` arrives: what the guest wrote last, until the client's side takes it.
//!
//! One write is taken at a time, up to [`MOST_EVENTS`] of it. Whatever the guest writes before that is the client's waits in the
//! guest's own memory: so nothing is ahead of the client but what is in here.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use wasmtime::component::{Accessor, FutureConsumer, FutureReader, Source, StreamConsumer, StreamReader, StreamResult};
use wasmtime::{AsContextMut, StoreContextMut, Trap};

use super::ledger::Ledger;
use super::state::State;
use super::stream::charge;
use crate::chat::{Error, Event};

/// Events taken at once; of more that were written at once, the rest is taken next.
const MOST_EVENTS: usize = 64;
/// Turns of the Store in which what a guest wrote last arrives, once its tasks are over. One takes what waited for room; the other is
/// for its result.
const TURNS: u32 = 2;

/// What has arrived and wasn't taken.
#[derive(Default)]
pub(super) struct Inbox(Mutex<Arrived>);

#[derive(Default)]
struct Arrived {
    events: Vec<Event>,
    /// The writer dropped its end.
    ended: bool,
    /// What the guest says of the end.
    result: Option<Result<(), Error>>,
    /// Wakes whoever waits for events or their end.
    reader: Option<Waker>,
    /// Wakes the writer that waits for room.
    writer: Option<Waker>,
}

/// The end of the stream that takes events, held by the Store.
struct Taker {
    inbox: Arc<Inbox>,
    ledger: Arc<Ledger>,
}

/// The end of the future that takes the result, held by the Store.
struct ResultTaker(Arc<Inbox>);

impl Inbox {
    /// Has a stream and its result arrive in a new inbox.
    pub(super) fn of(
        mut store: impl AsContextMut<Data = State>,
        stream: StreamReader<Event>,
        result: FutureReader<Result<(), Error>>,
        ledger: &Arc<Ledger>,
    ) -> wasmtime::Result<Arc<Self>> {
        let inbox = Arc::new(Self::default());
        stream.pipe(&mut store, Taker { inbox: Arc::clone(&inbox), ledger: Arc::clone(ledger) })?;
        result.pipe(&mut store, ResultTaker(Arc::clone(&inbox)))?;
        Ok(inbox)
    }

    /// What has arrived, if anything has. There is room for the next write then.
    pub(super) fn take(&self) -> Option<Vec<Event>> {
        let mut arrived = self.arrived();
        if arrived.events.is_empty() {
            return None;
        }
        wake(&mut arrived.writer);
        wake(&mut arrived.reader);
        Some(std::mem::take(&mut arrived.events))
    }

    /// Waits until all events are taken and the guest has said how it ended. To be called while the guest's tasks run. Fails once
    /// none is left that could say so.
    pub(super) async fn end(&self, guest: &Accessor<State>) -> wasmtime::Result<Result<(), Error>> {
        let mut turns = TURNS;
        std::future::poll_fn(|cx| {
            let mut arrived = self.arrived();
            arrived.reader = Some(cx.waker().clone());
            if !arrived.events.is_empty() {
                return Poll::Pending;
            }
            match &arrived.result {
                Some(Err(error)) => return Poll::Ready(Ok(Err(error.clone()))),
                Some(Ok(())) if arrived.ended => return Poll::Ready(Ok(Ok(()))),
                _ => {}
            }
            drop(arrived);
            if guest.poll_no_interesting_tasks(cx).is_ready() {
                if turns == 0 {
                    return Poll::Ready(Err(Trap::AsyncDeadlock.into()));
                }
                turns -= 1;
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }

    fn arrived(&self) -> MutexGuard<'_, Arrived> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl StreamConsumer<State> for Taker {
    type Item = Event;

    fn poll_consume(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'_, State>,
        mut source: Source<'_, Event>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut arrived = self.inbox.arrived();
        if !arrived.events.is_empty() {
            if finish {
                return Poll::Ready(Ok(StreamResult::Cancelled));
            }
            arrived.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        charge(&mut store)?;
        self.ledger.look(&store);
        let written = source.remaining(&mut store).min(MOST_EVENTS);
        let mut events = Vec::with_capacity(written);
        // Of an empty write, that there is room is all it asks.
        if written > 0 {
            source.read(&mut store, &mut events)?;
            arrived.events = events;
            wake(&mut arrived.reader);
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        let mut arrived = self.inbox.arrived();
        arrived.ended = true;
        wake(&mut arrived.reader);
    }
}

impl FutureConsumer<State> for ResultTaker {
    type Item = Result<(), Error>;

    fn poll_consume(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<'_, State>,
        mut source: Source<'_, Self::Item>,
        _: bool,
    ) -> Poll<wasmtime::Result<()>> {
        let mut result = None;
        source.read(store, &mut result)?;
        let mut arrived = self.0.arrived();
        arrived.result = result;
        wake(&mut arrived.reader);
        Poll::Ready(Ok(()))
    }
}
