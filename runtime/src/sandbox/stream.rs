//! A streamed answer being given, from a sandbox that lives until its end.
//!
//! The worlds differ in who is asked. In `adapter`, the guest is asked for each batch and runs only then. In `adapter-async`, its tasks
//! are one call that lasts as long as the stream: it runs while the client waits for events, and no longer than until there are some.
//! What a guest wrote before it was interrupted, trapped or ran out of time is the client's in either.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::time::Instant;
use wasmtime::{AsContextMut, Trap};

use super::exports::{self, Events, Resource};
use super::inbox::Inbox;
use super::lanes::Lanes;
use super::ledger::Ledger;
use super::state::State;
use super::{Failure, Fault, Receipt, Sandbox, fault};
use crate::chat;

/// Fuel that each batch of events costs, beside what the guest does for it: one that gives nothing costs the host more than itself.
const BATCH_FUEL: u64 = 10_000;

/// A streamed answer being given. Owns the sandbox.
pub struct EventStream {
    lanes: Arc<Lanes>,
    ledger: Arc<Ledger>,
    source: Source,
}

enum Source {
    Asked(Box<Sandbox>, Resource),
    Running(Running),
}

/// A guest whose tasks write into an inbox.
struct Running {
    inbox: Arc<Inbox>,
    /// Owns the sandbox. None once it is over.
    guest: Option<Guest>,
    /// Why it is over, where it didn't end well and that wasn't told yet.
    failed: Option<Failure>,
}

type Guest = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

impl EventStream {
    pub(super) fn of(sandbox: Sandbox, events: Events) -> Self {
        let (lanes, ledger) = (Arc::clone(&sandbox.lanes), Arc::clone(&sandbox.ledger));
        let source = match events {
            Events::Resource(events) => Source::Asked(Box::new(sandbox), events),
            Events::Inbox(inbox) => Source::Running(Running::new(sandbox, inbox)),
        };
        Self { lanes, ledger, source }
    }

    /// Waits for the next events; none is the end. Gives the stream back for the call after, which is not to be made after the end.
    pub async fn next(self) -> Result<(Self, Option<Vec<chat::Event>>), Failure> {
        let (lanes, ledger) = (Arc::clone(&self.lanes), Arc::clone(&self.ledger));
        lanes.run(&ledger, self.advance()).await
    }

    async fn advance(mut self) -> Result<(Self, Option<Vec<chat::Event>>), Failure> {
        let batch = match &mut self.source {
            Source::Asked(sandbox, events) => ask(sandbox, events).await?,
            // Outside of what runs the guest's tasks: a timeout inside may never fire.
            Source::Running(running) => tokio::time::timeout_at(self.ledger.deadline, running.next())
                .await
                .unwrap_or_else(|_| Err(self.ledger.failure(Fault::Deadline)))?,
        };
        Ok((self, batch))
    }

    /// What was used so far.
    pub fn receipt(&self) -> Receipt {
        if let Source::Asked(sandbox, _) = &self.source {
            self.ledger.look(&sandbox.store);
        }
        self.ledger.receipt()
    }

    /// When the sandbox's time is over.
    pub fn deadline(&self) -> Instant {
        self.ledger.deadline
    }
}

/// Takes fuel for a batch.
pub(super) fn charge(mut store: impl AsContextMut<Data = State>) -> wasmtime::Result<()> {
    let mut store = store.as_context_mut();
    let left = store.get_fuel()?.checked_sub(BATCH_FUEL).ok_or(Trap::OutOfFuel)?;
    store.set_fuel(left)
}

async fn ask(sandbox: &mut Sandbox, events: &Resource) -> Result<Option<Vec<chat::Event>>, Failure> {
    let Sandbox { store, ledger, .. } = sandbox;
    if charge(&mut *store).is_err() {
        return Err(sandbox.failure(Fault::Fuel));
    }
    let fault = match tokio::time::timeout_at(ledger.deadline, events.next(store)).await {
        Ok(Ok(Ok(batch))) => return Ok(batch),
        Ok(Ok(Err(error))) => return Err(sandbox.refused(error)),
        Ok(Err(error)) => fault::classify(&error, store.data().memory.was_refused()),
        Err(_) => Fault::Deadline,
    };
    Err(sandbox.failure(fault))
}

impl Running {
    fn new(sandbox: Sandbox, inbox: Arc<Inbox>) -> Self {
        let written = Arc::clone(&inbox);
        let guest = async move {
            let Sandbox { mut store, ledger, .. } = sandbox;
            let ended = exports::run(&mut store, &written).await;
            ledger.look(&store);
            match ended {
                Ok(ended) => ended.map_err(|error| ledger.refused(error)),
                Err(error) => Err(ledger.failure(fault::classify(&error, store.data().memory.was_refused()))),
            }
        };
        Self { inbox, guest: Some(Box::pin(guest)), failed: None }
    }

    async fn next(&mut self) -> Result<Option<Vec<chat::Event>>, Failure> {
        let Self { inbox, guest, failed } = self;
        let batch = std::future::poll_fn(|cx| {
            if let Some(batch) = inbox.take() {
                return Poll::Ready(Some(batch));
            }
            if let Some(Poll::Ready(ended)) = guest.as_mut().map(|guest| guest.as_mut().poll(cx)) {
                (*guest, *failed) = (None, ended.err());
            }
            // One that computes on without waiting has given what it wrote before.
            match inbox.take() {
                None if guest.is_some() => Poll::Pending,
                batch => Poll::Ready(batch),
            }
        })
        .await;
        match (batch, failed.take()) {
            (None, Some(failure)) => Err(failure),
            (batch, failure) => {
                *failed = failure;
                Ok(batch)
            }
        }
    }
}
