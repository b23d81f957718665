//! A sandbox: one Store around one fresh instance, for one request, and nothing after it (invariant 3).
//!
//! [`Sandboxes`] holds what all share (engine, pool, linker) and turns an artifact into an [`Adapter`]; [`Adapter::enter`] makes a
//! [`Sandbox`]; a call consumes it and returns the answer with its [`Receipt`], or, for a stream, an [`EventStream`] that owns the
//! Store until its last event. Dropping any of them at any moment drops the Store, and with it the upstream connections
//! (invariant 6). This module knows no HTTP server and no OpenAI field (invariant 10).

mod bindings;
mod engine;
mod exports;
mod fault;
mod host;
mod http;
mod http_async;
mod inbox;
mod jail;
mod lanes;
mod language;
mod ledger;
mod limits;
mod log;
mod state;
mod stream;
mod structure;
mod world;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::WasiCtxBuilder;

use crate::chat;
use crate::egress::Egress;
use exports::{Exports, Linked};
use lanes::Lanes;
use ledger::Ledger;
use limits::Memory;
use log::GuestLog;
use state::State;

pub use engine::{Authentic, CompileError, Sandboxes};
pub use fault::{Failure, Fault};
pub(crate) use host::estimate_tokens;
pub use jail::{COMMAND as COMPILE_COMMAND, CompileBounds, Compiled, Inside, run_inside};
pub use language::Language;
pub use limits::Limits;
pub use stream::EventStream;
#[cfg(feature = "fuzzing")]
pub(crate) use structure::check as check_structure;
pub use world::World;

/// Random bytes that a guest gets with one call.
const MAX_RANDOM_BYTES: u64 = 64 << 10;
/// Bytes that the values of one call between guest and host may take, beside what memory already limits.
const HOSTCALL_FUEL: usize = 64 << 20;
/// Bytes that the answer of `describe` may take: it is kept for as long as the adapter is served, and shown.
const DESCRIBE_FUEL: usize = 1 << 20;
/// Component handles that a guest may hold.
const MAX_HANDLES: usize = 10_000;
/// Tasks, and streams and futures with their ends, that the host keeps for a guest at one time.
const MAX_TASKS: usize = 10_000;

/// A compiled component, linked against everything it imports: entering it costs microseconds.
#[derive(Clone)]
pub struct Adapter {
    linked: Linked,
    lanes: Arc<Lanes>,
}

/// Who runs in a sandbox, under which limits, with which way out.
pub struct Terms {
    /// The deployment's name, for its log lines.
    pub deployment: Arc<str>,
    /// The request's id, for its log lines.
    pub request_id: String,
    /// The caps.
    pub limits: Limits,
    /// The revision's way out.
    pub egress: Arc<Egress>,
    /// The client's request body as it came.
    pub original_body: Bytes,
}

/// A fresh instance, not yet called.
pub struct Sandbox {
    store: Store<State>,
    exports: Exports,
    ledger: Arc<Ledger>,
    lanes: Arc<Lanes>,
}

/// What one request cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Fuel used.
    pub fuel: u64,
    /// The most memory in use at one time, in bytes: linear memories and tables.
    pub memory: u64,
    /// Body bytes sent upstream.
    pub bytes_out: u64,
    /// Body bytes received from upstream.
    pub bytes_in: u64,
    /// The origins dialled.
    pub hosts: Vec<String>,
    /// From entering the sandbox to now.
    pub time: Duration,
}

impl Adapter {
    /// The world that the component is for.
    pub fn world(&self) -> World {
        self.linked.world()
    }

    /// Makes a fresh sandbox. The deadline starts now.
    pub async fn enter(&self, terms: Terms) -> Result<Sandbox, Failure> {
        let ledger = Ledger::begin(&terms.limits);
        // A start function may spin like any other.
        self.lanes.run(&ledger, self.clone().begin(terms, Arc::clone(&ledger))).await
    }

    async fn begin(self, terms: Terms, ledger: Arc<Ledger>) -> Result<Sandbox, Failure> {
        let Self { linked, lanes } = self;
        let (stdout, stderr) = GuestLog::pair(terms.deployment, terms.request_id, terms.limits.log_bytes);
        let wasi = WasiCtxBuilder::new().stdout(stdout).stderr(stderr).max_random_size(MAX_RANDOM_BYTES).build();
        let state = State::new(
            wasi,
            Memory::new(terms.limits.memory_bytes),
            terms.original_body,
            terms.egress,
            Arc::clone(&ledger.meter),
        );
        let mut store = linked.store(state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(HOSTCALL_FUEL);
        store.set_max_component_handles(MAX_HANDLES);
        if let Some(table) = store.concurrent_resource_table() {
            table.set_max_capacity(MAX_TASKS);
        }
        store.set_epoch_deadline(1);
        let looked = Arc::clone(&ledger);
        store.epoch_deadline_callback(move |store| {
            looked.look(store);
            Ok(UpdateDeadline::Yield(1))
        });
        let entered = match store.set_fuel(terms.limits.fuel) {
            // A start function is guest code too: it runs against the same deadline.
            Ok(()) => tokio::time::timeout_at(ledger.deadline, linked.instantiate(&mut store)).await,
            Err(error) => Ok(Err(error)),
        };
        let fault = match entered {
            Ok(Ok(exports)) => return Ok(Sandbox { store, exports, ledger, lanes }),
            Ok(Err(error)) => fault::classify_entry(&error, store.data().memory.was_refused()),
            Err(_) => Fault::Deadline,
        };
        ledger.look(&store);
        Err(ledger.failure(fault))
    }
}

/// Calls an export of `$sandbox` against its deadline; on a fault, returns the failure.
macro_rules! call {
    ($sandbox:ident . $call:ident ( $($argument:expr),* )) => {{
        let Sandbox { store, exports, ledger, .. } = &mut $sandbox;
        // Outside of what runs the guest's tasks: a timeout inside may never fire.
        let outcome = tokio::time::timeout_at(ledger.deadline, exports.$call(store, $($argument),*)).await;
        match outcome {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => {
                let fault = fault::classify(&error, $sandbox.store.data().memory.was_refused());
                tracing::debug!(error = format!("{error:#}"), "guest fault");
                return Err($sandbox.failure(fault));
            }
            Err(_) => return Err($sandbox.failure(Fault::Deadline)),
        }
    }};
}

impl Sandbox {
    /// What the adapter is and wants.
    pub async fn describe(self) -> Result<chat::AdapterInfo, Failure> {
        self.in_lane(|mut sandbox| async move {
            sandbox.store.set_hostcall_fuel(DESCRIBE_FUEL);
            Ok(call!(sandbox.describe()))
        })
        .await
    }

    /// One whole answer.
    pub async fn complete(
        self,
        context: chat::Context,
        request: chat::ChatRequest,
    ) -> Result<(chat::ChatResponse, Receipt), Failure> {
        self.in_lane(|mut sandbox| async move {
            let answered = call!(sandbox.complete(context, request));
            sandbox.settle(answered)
        })
        .await
    }

    /// Starts a streamed answer.
    pub async fn open_stream(self, context: chat::Context, request: chat::ChatRequest) -> Result<EventStream, Failure> {
        self.in_lane(|mut sandbox| async move {
            let ledger = Arc::clone(&sandbox.ledger);
            match call!(sandbox.open_stream(context, request, &ledger)) {
                Ok(events) => Ok(EventStream::of(sandbox, events)),
                Err(error) => Err(sandbox.refused(error)),
            }
        })
        .await
    }

    /// Embedding vectors.
    pub async fn embed(
        self,
        context: chat::Context,
        request: chat::EmbedRequest,
    ) -> Result<(chat::EmbedResponse, Receipt), Failure> {
        self.in_lane(|mut sandbox| async move {
            let answered = call!(sandbox.embed(context, request));
            sandbox.settle(answered)
        })
        .await
    }

    /// Runs a call where its pace so far has it run.
    async fn in_lane<T, C>(self, call: impl FnOnce(Self) -> C) -> Result<T, Failure>
    where
        T: Send + 'static,
        C: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let (lanes, ledger) = (Arc::clone(&self.lanes), Arc::clone(&self.ledger));
        lanes.run(&ledger, call(self)).await
    }

    /// Milliseconds until the deadline.
    pub fn remaining_ms(&self) -> u32 {
        let left = self.ledger.deadline.saturating_duration_since(tokio::time::Instant::now());
        u32::try_from(left.as_millis()).unwrap_or(u32::MAX)
    }

    /// What was used so far.
    pub fn receipt(&self) -> Receipt {
        self.ledger.look(&self.store);
        self.ledger.receipt()
    }

    fn settle<T>(&self, answered: Result<T, chat::Error>) -> Result<(T, Receipt), Failure> {
        answered.map(|answer| (answer, self.receipt())).map_err(|error| self.refused(error))
    }

    fn refused(&self, error: chat::Error) -> Failure {
        self.ledger.look(&self.store);
        self.ledger.refused(error)
    }

    fn failure(&self, fault: Fault) -> Failure {
        self.ledger.look(&self.store);
        self.ledger.failure(fault)
    }
}
